#include "operate/dead_jobs.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <string_view>
#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "broker/envelope/job_identity.hpp"
#include "client/job_table/columns.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "client/statements/sql_template.hpp"
#include "operate_sql.hpp"

namespace aftercommit::operate {
namespace {

constexpr std::size_t kLettersAtOnce = 100;  // letters of 1 MiB each at worst

// Obstacles.
constexpr const char* kWaits = "it stands in the job table as well, and will run: delete this letter instead";
constexpr const char* kGone = "somebody else has retried or deleted it meanwhile";

}  // namespace

std::vector<Queue> DeadJobs::redis(const Queue& queue) {
  if (!queue.empty()) return {queue};
  return servers_.broker().queues();
}

/// By the time of death, so that new deaths move nothing.
void DeadJobs::visit_redis(const Queue& queue, std::optional<std::chrono::system_clock::time_point> until,
                           const Visitor& visitor) {
  const auto last = from_epoch_ms(kLongestMs);  // the clock ends there; a score may lie beyond
  auto at = until.value_or(last);
  std::size_t stay = 0;  // that died at that time and have been visited
  for (;;) {
    auto entries = servers_.broker().dead_letters_until(queue, at, stay, kLettersAtOnce);
    if (entries.empty()) return;
    for (auto& entry : entries) {
      const auto died_at = entry.died_at;
      const auto fate = visitor(dead_job({}, {}, queue, died_at, std::move(entry.letter)));
      if (fate == Fate::kStop) return;
      if (died_at != at) stay = 0;
      at = died_at;
      if (fate != Fate::kGone) ++stay;
    }
  }
}

std::optional<DeadJob> DeadJobs::find_in_redis(const Queue& queue, const std::string& id,
                                               std::optional<std::chrono::system_clock::time_point> until,
                                               std::size_t& left,
                                               std::optional<std::chrono::system_clock::time_point>& next) {
  std::optional<DeadJob> found;
  std::optional<std::chrono::system_clock::time_point> last;
  next.reset();
  visit_redis(queue, until, [&](const DeadJob& dead) {
    if (dead.id == id) {
      found = dead;
      return Fate::kStop;
    }
    if (left == 0 && last && dead.died_at < *last) {
      next = dead.died_at;
      return Fate::kStop;
    }
    if (left > 0) --left;
    last = dead.died_at;
    return Fate::kStays;
  });
  return found;
}

std::optional<DeadJob> DeadJobs::find_durable(const Store& store, const std::string& id) {
  const auto job = JobId::parse(id);
  auto row = job ? store.table.find_dead(*job) : std::nullopt;
  if (!row) return std::nullopt;
  return dead_job(store.alias, row->id, std::move(row->queue), row->died_at, std::move(row->letter));
}

std::string DeadJobs::retry(const DeadJob& dead) {
  if (auto reason = dead.obstacle(); !reason.empty()) return reason;
  if (!dead.is_in_redis()) {
    const auto& table = servers_.store(dead.database).table;
    if (table.find(dead.job()->id)) {
      return kWaits;
    }
    let_settle(dead.queue, {&dead.job()->id, 1});
    if (!table.revive(dead.job()->id)) return kGone;
    push(dead, table);
    return {};
  }
  const auto again = revived(*dead.job());
  const Outgoing outgoing{.queue = dead.queue,
                          .payload = encode(again),
                          .durable = again.durable ? std::optional{again.id} : std::nullopt,
                          .priority = again.priority};
  if (!servers_.broker().remove_dead_letter(dead.queue, dead.text, &outgoing)) {
    return kGone;
  }
  return {};
}

/// What is wrong with this one alone is an obstacle: it must not stand before all that died earlier.
std::string DeadJobs::retry_or_tell(const DeadJob& dead) {
  constexpr std::string_view kDataExceptions = "22";
  try {
    return retry(dead);
  } catch (const PayloadError& error) {
    return error.what();
  } catch (const pqxx::sql_error& error) {
    if (!detail::sqlstate_of(error).starts_with(kDataExceptions)) throw;
    return detail::first_line(error);
  }
}

std::vector<std::string> DeadJobs::retry_all(const Store& store, std::span<const DeadJob> dead) {
  std::vector<std::string> obstacles;
  std::vector<std::size_t> able;
  std::map<Queue, std::vector<JobId>> back;
  for (std::size_t i = 0; i < dead.size(); ++i) {
    obstacles.push_back(dead[i].obstacle());
    if (!obstacles[i].empty()) continue;
    able.push_back(i);
    back[dead[i].queue].push_back(dead[i].job()->id);
  }
  for (const auto& [queue, jobs] : back) let_settle(queue, jobs);
  try {
    store.database.atomic([&] {
      back.clear();
      for (const auto i : able) {
        const auto& job = dead[i].job()->id;
        obstacles[i].clear();
        if (store.table.find(job)) {
          obstacles[i] = kWaits;
        } else if (!store.table.revive(job)) {
          obstacles[i] = kGone;
        } else {
          back[dead[i].queue].push_back(job);
        }
      }
    });
  } catch (const DatabaseUnavailable&) {
    throw;
  } catch (const CommitInDoubt&) {
    throw;
  } catch (const std::exception&) {  // one of them would not go, and took the others with it
    for (const auto i : able) obstacles[i] = retry_or_tell(dead[i]);
    return obstacles;
  }
  for (const auto& [queue, jobs] : back) push_all(store, queue, jobs);
  return obstacles;
}

std::size_t DeadJobs::remove_all(const Store& store, std::span<const DeadJob> dead) {
  std::vector<JobId> ids;
  for (const auto& one : dead) ids.push_back(JobId::parse(one.id).value());
  const auto sql = detail::in_schema(operate_sql::forget_letters, store.database.options().schema);
  return static_cast<std::size_t>(store.database.exec(sql, detail::in_braces(ids)).affected_rows());
}

/// In the moment after a death Redis has still to hear of it.  Waiting for that spares the relay a second
/// copy; nothing depends on it.
void DeadJobs::let_settle(const Queue& queue, std::span<const JobId> jobs) {
  constexpr Millis kPatience{2000};  // for all jobs of one command
  constexpr Millis kPause{20};
  if (!outage_.empty()) return;  // it is away, as push() will tell
  try {
    const auto are_there = [&] {
      const auto there = servers_.broker().has_durable(queue, jobs);
      return std::ranges::find(there, true) != there.end();
    };
    while (are_there()) {
      const auto now = std::chrono::steady_clock::now();
      if (!patient_until_) patient_until_ = now + kPatience;
      if (now > *patient_until_) return;
      std::this_thread::sleep_for(kPause);
    }
  } catch (const Error& error) {
    outage_ = error.what();
  }
}

/// The short way to Redis; the relay is the long one.  While Redis has the id it is the relay's: that brings
/// a job from the dead all the same.  Looked at after the job is back, so that whoever forgets the id later
/// has seen that it is.
void DeadJobs::push(const DeadJob& dead, const detail::JobTable& table) {
  const auto& job = dead.job()->id;
  if (!outage_.empty()) {  // nobody waits for the same timeout again
    ++left_to_relay_;
    return;
  }
  try {
    if (servers_.broker().has_durable(dead.queue, {&job, 1}).at(0)) {
      ++left_to_relay_;
      return;
    }
    table.unmark_revival(job);
    const auto row = table.find(job);
    if (!row) return;  // a relay and a worker were faster
    const Outgoing outgoing{
        .queue = row->queue, .payload = row->envelope, .durable = row->id, .priority = dead.job()->priority};
    servers_.broker().enqueue({&outgoing, 1}, servers_.app().options().enqueue_timeout);
  } catch (const DatabaseUnavailable&) {
    throw;
  } catch (const Error& error) {
    outage_ = error.what();
    ++left_to_relay_;
  }
}

void DeadJobs::push_all(const Store& store, const Queue& queue, std::span<const JobId> jobs) {
  if (!outage_.empty()) {
    left_to_relay_ += jobs.size();
    return;
  }
  std::size_t counted = 0;
  try {
    const auto there = servers_.broker().has_durable(queue, jobs);
    std::vector<JobId> free;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (!there[i]) free.push_back(jobs[i]);
    }
    counted = jobs.size() - free.size();
    left_to_relay_ += counted;
    if (free.empty()) return;
    const auto sql = detail::in_schema(operate_sql::unmark_revivals, store.database.options().schema);
    std::vector<Outgoing> outgoing;
    for (const auto& row : store.database.exec(sql, detail::in_braces(free))) {
      const auto id = detail::id_of(row[0]);
      auto envelope = row[2].as<std::string>();
      const auto priority = identify(envelope).priority;
      outgoing.push_back({.queue = row[1].as<std::string>(),
                          .payload = std::move(envelope),
                          .durable = id,
                          .priority = priority});
    }
    servers_.broker().enqueue(outgoing, servers_.app().options().enqueue_timeout);
  } catch (const DatabaseUnavailable&) {
    throw;
  } catch (const Error& error) {
    outage_ = error.what();
    left_to_relay_ += jobs.size() - counted;
  }
}

bool DeadJobs::remove(const DeadJob& dead) {
  if (dead.is_in_redis()) return servers_.broker().remove_dead_letter(dead.queue, dead.text);
  const auto id = JobId::parse(dead.id);
  return id && servers_.store(dead.database).table.forget_dead(*id);
}

}  // namespace aftercommit::operate
