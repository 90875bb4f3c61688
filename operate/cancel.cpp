#include "operate/cancel.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <variant>

#include "base/log/log_format.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/cancellations.hpp"
#include "client/job_table/migrations.hpp"

namespace aftercommit::operate {
namespace {

using Outcomes = std::map<JobId, CancelOutcome>;

void require_tables(const Store& store) {
  detail::require_schema(store.database, detail::kCancelSchemaVersion, "to cancel a job");
}

void take_from_redis(const Queue& queue, std::string_view payload, Outcomes& unknown) {
  const auto decoded = decode(payload, kSizeLimit);
  const auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr || job->durable) return;
  if (const auto found = unknown.find(job->id); found != unknown.end()) found->second.queue = queue;
}

/// Those that Redis alone has.
void find_in_redis(Browsing& redis, Outcomes& unknown) {
  for (const auto& queue : redis.queues()) {
    redis.for_each_job(queue, [&](JobState /*state*/, std::string_view payload) {
      take_from_redis(queue, payload, unknown);
    });
  }
}
void find_in_redis(Browsing& redis, const LookBounds& bounds, Outcomes& unknown) {
  constexpr std::size_t kAtOnce = 1000;
  auto rows = bounds.rows;
  auto parts = bounds.parts;
  for (const auto& queue : queues_of(redis, bounds)) {
    for (const auto part : {JobPart::kRunning, JobPart::kAside, JobPart::kDelayed, JobPart::kReady}) {
      std::string after;
      do {
        if (rows == 0 || parts == 0) return;
        --parts;
        auto page = redis.jobs(queue, part, after, std::min(rows, kAtOnce));
        rows -= std::min(rows, std::max<std::size_t>(page.looked_at, 1));
        for (const auto& entry : page.jobs) take_from_redis(queue, entry.payload, unknown);
        after = std::move(page.next);
      } while (!after.empty());
    }
  }
}

/// Outages of two looks, each once.
void add(Answers& all, Answers more) {
  all.databases = std::move(more.databases);
  for (auto& outage : more.outages) {
    if (std::ranges::find(all.outages, outage.alias, &Outage::alias) == all.outages.end())
      all.outages.push_back(std::move(outage));
  }
}

}  // namespace

bool CancelOutcome::is_cancelled() const {
  switch (answer) {
    case Cancelled::kWaiting:
    case Cancelled::kDelayed:
    case Cancelled::kRunning:
    case Cancelled::kCancelledBefore:
      return true;
    case Cancelled::kDone:
    case Cancelled::kDead:
      return false;
    case Cancelled::kUnknown:
      break;
  }
  return !queue.empty();
}

CancelReport cancel_jobs(Servers& servers, const std::vector<JobId>& ids, const std::string& note,
                         const std::optional<LookBounds>& bounds) {
  Outcomes known;
  Outcomes unknown;
  for (const auto& id : ids) unknown.emplace(id, CancelOutcome{.id = id.str()});
  CancelReport report;
  const auto leave_redis = [](Browsing&) {};
  report.answers = servers.look_at_each(
      [&](const Store& store) {
        require_tables(store);
        std::erase_if(unknown, [&](const auto& entry) {
          if (!detail::knows_job(store.database, entry.first)) return false;
          auto outcome = entry.second;
          outcome.answer = detail::cancel_job(store.database, entry.first, note);
          outcome.database = store.alias;
          known.insert_or_assign(entry.first, std::move(outcome));
          return true;
        });
      },
      leave_redis);
  if (!unknown.empty()) {
    add(report.answers, servers.look_at_each(
                            [&](const Store& store) {
                              for (auto& [id, outcome] : unknown) {
                                const auto answer = detail::cancel_job(store.database, id, note);
                                if (answer == Cancelled::kUnknown || !outcome.database.empty()) continue;
                                outcome.answer = answer;
                                outcome.database = store.alias;
                              }
                            },
                            [&](Browsing& redis) {
                              bounds ? find_in_redis(redis, *bounds, unknown) : find_in_redis(redis, unknown);
                            }));
  }
  known.merge(unknown);
  for (const auto& id : ids) report.jobs.push_back(known.at(id));
  return report;
}

std::string meaning(const CancelOutcome& outcome) {
  switch (outcome.answer) {
    case Cancelled::kWaiting:
      return "it waited, and will not run";
    case Cancelled::kDelayed:
      return "it waited for its time, and will not run";
    case Cancelled::kRunning:
      return "it runs, and is asked to stop: unless it commits first, it does not run again";
    case Cancelled::kCancelledBefore:
      return "it was cancelled before";
    case Cancelled::kDone:
      return "it has taken effect";
    case Cancelled::kDead:
      return "it is dead, and does not run by itself";
    case Cancelled::kUnknown:
      break;
  }
  if (!outcome.queue.empty())
    return "it stands in Redis alone, in queue " + outcome.queue + ", and will not run";
  return "it is done, was never committed, or is of another delivery and will not run";
}

Json in_json(const CancelReport& report) {
  Json jobs = Json::array();
  for (const auto& outcome : report.jobs) {
    jobs.push_back({{"id", outcome.id},
                    {"answer", to_string(outcome.answer)},
                    {"cancelled", outcome.is_cancelled()},
                    {"database", or_null(outcome.database)},
                    {"queue_in_redis", or_null(outcome.queue)},
                    {"meaning", meaning(outcome)}});
  }
  Json document{{"jobs", std::move(jobs)}};
  document.update(in_json(report.answers));
  return document;
}

CancelledList newest_cancelled(Servers& servers, std::size_t limit) {
  CancelledList list;
  list.answers = servers.look_at_each(
      [&](const Store& store) {
        require_tables(store);
        for (auto& row : detail::list_cancelled(store.database, limit + 1)) {
          list.jobs.push_back({.id = row.id.str(),
                               .database = store.alias,
                               .queue = row.queue.value_or(""),
                               .task = row.task.value_or(""),
                               .state = std::move(row.state),
                               .at = row.at,
                               .note = std::move(row.note)});
        }
      },
      [](Browsing&) {});
  std::ranges::stable_sort(list.jobs, std::ranges::greater{}, &CancelledJob::at);
  list.more = list.jobs.size() > limit;
  if (list.more) list.jobs.erase(list.jobs.begin() + static_cast<std::ptrdiff_t>(limit), list.jobs.end());
  return list;
}

Json in_json(const CancelledList& list) {
  Json jobs = Json::array();
  for (const auto& job : list.jobs) {
    jobs.push_back({{"id", job.id},
                    {"cancelled_at", utc(job.at)},
                    {"database", job.database},
                    {"queue", or_null(job.queue)},
                    {"task", or_null(job.task)},
                    {"state", job.state},
                    {"note", or_null(job.note)}});
  }
  Json document{{"cancelled", std::move(jobs)}, {"more", list.more}};
  document.update(in_json(list.answers));
  return document;
}

}  // namespace aftercommit::operate
