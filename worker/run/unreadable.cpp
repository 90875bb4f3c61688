#include "worker/run/unreadable.hpp"

#include <algorithm>
#include <cstddef>
#include <exception>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/envelope.hpp"
#include "broker/envelope/job_identity.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/job_table/job_table.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/run/attempt_context.hpp"
#include "worker/run/job_ending.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::size_t kRemembered = 10'000;
constexpr auto kForgottenAfter = 15min;  // not seen for so long: others have it, or it is done
constexpr milliseconds kShortestWait{2000};
constexpr milliseconds kLongestWait{30'000};

/// The databases in which its row may be: the one that it names, or any where it breaks off before that.
std::vector<Database*> homes(App& app, const JobIdentity& job) {
  if (!job.database.empty()) return {&app.core().database(job.database)};
  std::vector<Database*> all;
  for (const auto& [alias, database] : app.core().databases()) all.push_back(database.get());
  return all;
}

/// The text that a row has instead, if this worker can read it.
bool row_is_better(const detail::JobRow& row, const Fetched& fetched, std::size_t limit) {
  if (row.envelope == fetched.payload) return false;
  const auto decoded = decode(row.envelope, limit);
  const auto* const job = std::get_if<Envelope>(&decoded);
  return job != nullptr && job->durable && job->id == row.id && job->attempt == row.attempt;
}

Settlement settle_with_row(AttemptContext& context, const Fetched& fetched, const Malformed& malformed,
                           const Envelope& job, const detail::JobRow& row, const JobEnding& ending,
                           std::chrono::system_clock::time_point now) {
  if (row_is_better(row, fetched, context.app.options().payload_limit)) return ending.as_row(row);
  auto reason = malformed.reason;
  if (malformed.elsewhere) {
    const auto waited = context.unreadable.waited(row.id);
    if (waited < context.unknown_task_grace) {
      context.events.tell(JobPutOff{.job = job,
                                    .queue = fetched.queue,
                                    .why = JobPutOff::Why::kForOthers,
                                    .reason = {.text = malformed.reason},
                                    .first = context.unreadable.first()});
      return ending.put_off(std::clamp(waited / 4, kShortestWait, kLongestWait));
    }
    reason += ", and no other worker has read it for " +
              std::to_string(context.unknown_task_grace.count() / 1000) + " s";
  }
  context.unreadable.forget(row.id);
  return ending.buried(nullptr, row.attempt, DeadLetter::Cause::kMalformed, reason, now);
}

}  // namespace

milliseconds Unreadable::waited(const JobId& job) {
  const auto now = Clock::now();
  const std::lock_guard lock{mutex_};
  if (seen_.size() >= kRemembered && !seen_.contains(job)) {
    std::erase_if(seen_, [&](const auto& seen) { return seen.second.last + kForgottenAfter < now; });
    if (seen_.size() >= kRemembered) return 0ms;
  }
  auto& seen = seen_.try_emplace(job, Seen{now, now}).first->second;
  seen.last = now;
  return std::chrono::duration_cast<milliseconds>(now - seen.first);
}

void Unreadable::forget(const JobId& job) {
  const std::lock_guard lock{mutex_};
  seen_.erase(job);
}

bool Unreadable::first() {
  const std::lock_guard lock{mutex_};
  return !std::exchange(said_, true);
}

Settlement settle_unreadable(AttemptContext& context, const Fetched& fetched, const Malformed& malformed,
                             std::chrono::system_clock::time_point now) {
  const auto known = identify(fetched.payload);  // to its end: a durable job says so behind its arguments
  JobEnding ending{fetched, context.worker, context.locked, context.cancels, context.home, context.events};
  const auto bury = [&] {
    return ending.buried(nullptr, 0, DeadLetter::Cause::kMalformed, malformed.reason, now);
  };
  if (!known.id || !known.may_be_durable) return bury();
  Envelope job{.id = *known.id,
               .task = "unknown",
               .queue = fetched.queue,
               .database = known.database,
               .durable = true};
  if (!context.leases.cover(fetched.entry)) {
    context.events.tell(JobGivenBack{.job = job, .why = Hold::kNoLease});
    return ending.given_back();
  }
  ending.found(job, nullptr);
  detail::AnyClaim claim;
  Database* home = nullptr;
  try {
    for (auto* const database : homes(context.app, known)) {
      home = database;
      const auto row = detail::JobTable{*database}.find(job.id);
      if (!row) continue;
      job.attempt = row->attempt;
      claim.emplace(job, database);
      ending.found(job, claim.get());
      return settle_with_row(context, fetched, malformed, job, *row, ending, now);
    }
    if (home == nullptr || !malformed.elsewhere) return bury();
    claim.emplace(job, home);
    ending.found(job, claim.get());
    return ending.not_ours();     // it is done, or dead
  } catch (const ConfigError&) {  // this worker has no such database
    context.gate.wake();
    auto aside =
        valid_name(job.database) ? context.gate.aside_unread(fetched, job, job.database) : std::nullopt;
    return aside ? *std::move(aside) : ending.put_off();
  } catch (const std::exception& error) {
    const auto why = detail::first_line(error);
    context.events.tell(JobPutOff{
        .job = job, .queue = fetched.queue, .why = JobPutOff::Why::kRowNotRead, .reason = {.text = why}});
    auto aside = home != nullptr && context.gate.failed(*home, why)
                     ? context.gate.aside_unread(fetched, job, home->alias())
                     : std::nullopt;
    return aside ? *std::move(aside) : ending.put_off();
  }
}

}  // namespace aftercommit::worker
