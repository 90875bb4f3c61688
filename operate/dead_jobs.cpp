#include "operate/dead_jobs.hpp"

#include <chrono>
#include <thread>
#include <unordered_set>
#include <utility>

#include "aftercommit/error.hpp"

namespace aftercommit::operate {
namespace {

constexpr std::size_t kLettersAtOnce = 100;  // letters of 1 MiB each at worst

}  // namespace

std::vector<DeadSource> DeadJobs::redis(const Queue& queue) {
  if (!queue.empty()) return {{nullptr, queue}};
  std::vector<DeadSource> sources;
  for (auto& name : servers_.broker().queues()) sources.push_back({nullptr, std::move(name)});
  return sources;
}

void DeadJobs::visit(const DeadSource& source, const Visitor& visitor) {
  if (source.store != nullptr) {
    visit_table(*source.store, source.queue, visitor);
  } else {
    visit_redis(source.queue, visitor);
  }
}

void DeadJobs::visit_table(const Store& store, const Queue& queue, const Visitor& visitor) {
  std::optional<detail::DeadPlace> after;
  for (;;) {
    auto rows = store.table.dead(queue, kLettersAtOnce, after);
    if (rows.empty()) return;
    after = {.died_at = rows.back().died_at, .id = rows.back().id};
    for (auto& row : rows) {
      const auto dead =
          dead_job(store.alias, row.id, std::move(row.queue), row.died_at, std::move(row.letter));
      if (visitor(dead) == Fate::kStop) return;
    }
  }
}

void DeadJobs::visit_redis(const Queue& queue, const Visitor& visitor) {
  std::optional<std::chrono::system_clock::time_point> begun;  // by the clock that times the deaths
  std::unordered_set<std::size_t> seen;  // new deaths push those behind them into the next page
  std::size_t offset = 0;
  for (;;) {
    auto entries = servers_.broker().dead_letters(queue, offset, kLettersAtOnce);
    if (entries.empty()) return;
    for (auto& entry : entries) {
      const auto dead = dead_job({}, {}, queue, entry.died_at, std::move(entry.letter));
      if (!begun) begun = dead.died_at;
      const auto known = std::hash<std::string>{}(dead.id + dead.text);
      if (dead.died_at > *begun || seen.contains(known)) {
        ++offset;
        continue;
      }
      const auto fate = visitor(dead);
      if (fate == Fate::kStop) return;
      if (fate == Fate::kGone) continue;
      ++offset;
      seen.insert(known);
    }
  }
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
      return "it stands in the job table as well, and will run: delete this letter instead";
    }
    let_settle(dead);
    if (!table.revive(dead.job()->id)) return "somebody else has retried or deleted it meanwhile";
    push(dead, table);
    return {};
  }
  const auto again = revived(*dead.job());
  const Outgoing outgoing{.queue = dead.queue,
                          .payload = encode(again),
                          .durable = again.durable ? std::optional{again.id} : std::nullopt,
                          .priority = again.priority};
  if (!servers_.broker().remove_dead_letter(dead.queue, dead.text, &outgoing)) {
    return "somebody else has retried or deleted it meanwhile";
  }
  return {};
}

/// In the moment after a death Redis has still to hear of it.  Waiting for that spares the relay a second
/// copy; nothing depends on it.
void DeadJobs::let_settle(const DeadJob& dead) {
  constexpr Millis kPatience{2000};  // for all jobs of one command
  constexpr Millis kPause{20};
  if (!outage_.empty()) return;  // it is away, as push() will tell
  try {
    while (servers_.broker().has_durable(dead.queue, {&dead.job()->id, 1}).at(0)) {
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

bool DeadJobs::remove(const DeadJob& dead) {
  if (dead.is_in_redis()) return servers_.broker().remove_dead_letter(dead.queue, dead.text);
  const auto id = JobId::parse(dead.id);
  return id && servers_.store(dead.database).table.forget_dead(*id);
}

}  // namespace aftercommit::operate
