#include "broker/none/taken_jobs.hpp"

#include <algorithm>

#include "broker/contract/row_entry.hpp"

namespace aftercommit {
namespace {

/// After the last fetch that asked for jobs: who has stopped asking gets none.
constexpr Millis kWantedFor{100};
/// Jobs that nobody has fetched by then are for another worker: the executors here are at longer ones.
constexpr Millis kStale{200};
/// What would stand aside is looked at again after a while.
constexpr Millis kPutOff{2000};
/// So long they are left to others.
constexpr Millis kForOthers{50};
/// What is done is told together with the next look, unless that is so much.
constexpr std::size_t kMuch = 256;

/// For any clock, and any sum with its time.
Millis bounded(Millis time) { return std::clamp<Millis>(time, Millis{0}, std::chrono::years{10}); }

}  // namespace

// --- For who takes jobs.

TakenJobs::Turn TakenJobs::wait(const std::string& database,
                                const std::function<Clock::time_point(const Wanted&)>& look_at,
                                const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  auto& source = sources_[database];
  Turn turn;
  while (!stop.stop_requested()) {
    const auto now = Clock::now();
    auto deadline = leave_stale(database, now);
    if (is_wanted(now)) {
      const auto at = source.news ? now : look_at(wanted_);
      if (at <= now) {
        turn.news = std::exchange(source.news, false);
        turn.wanted = wanted_;
        break;
      }
      deadline = std::min({deadline, at, wanted_until_});
    }
    if (source.in_haste || source.rest || source.left.size() >= kMuch) break;
    const auto seen = changes_;
    changed_.wait_until(lock, stop, deadline, [&] { return changes_ != seen; });
  }
  turn.rest = std::exchange(source.rest, false);
  turn.left.swap(source.left);
  source.in_haste = false;
  return turn;
}

void TakenJobs::put(std::vector<Job> jobs) {
  const std::lock_guard lock{mutex_};
  for (auto& job : jobs) {
    const auto id = job.id;
    const auto [at, is_new] = jobs_.try_emplace(id, Held{.job = std::move(job)});
    if (is_new) add_ready(at->second);
  }
  wanted_.count -= std::min(wanted_.count, jobs.size());
}

void TakenJobs::news(const std::string& database) {
  const std::lock_guard lock{mutex_};
  sources_[database].news = true;
  ++changes_;
  changed_.notify_all();
}

void TakenJobs::rest() {
  const std::lock_guard lock{mutex_};
  for (auto& [database, source] : sources_) source.rest = source.news = true;
  wanted_.count = 0;
  ++changes_;
  changed_.notify_all();
}

std::size_t TakenJobs::handed_out() const {
  const std::lock_guard lock{mutex_};
  return entries_;
}

void TakenJobs::add_ready(Held& held) {
  held.where = Where::kReady;
  held.since = Clock::now();
  ready_[held.job.queue].levels.at(index_of(held.job.level)).push_back(held.job.id);
  ready_come_.notify_all();
}

void TakenJobs::leave(const Held& held, Left::How how, Millis again) {
  auto& source = sources_[held.job.database];
  source.left.push_back({.id = held.job.id, .queue = held.job.queue, .how = how, .again = bounded(again)});
  source.in_haste = source.in_haste || how != Left::How::kDone;
  if (!source.in_haste && source.left.size() < kMuch) return;
  ++changes_;
  changed_.notify_all();
}

/// When the next of those that are ready will be stale.
TakenJobs::Clock::time_point TakenJobs::leave_stale(const std::string& database, Clock::time_point now) {
  auto next = now + std::chrono::hours{1};
  for (auto& [name, ready] : ready_) {
    for (auto& level : ready.levels) {
      std::erase_if(level, [&](const JobId& id) {
        const auto held = jobs_.find(id);
        if (held->second.job.database != database) return false;
        if (now < held->second.since + kStale) {
          next = std::min(next, held->second.since + kStale);
          return false;
        }
        leave(held->second, Left::How::kLater, kForOthers);
        jobs_.erase(held);
        return true;
      });
    }
  }
  return next;
}

// --- For who runs them.

bool TakenJobs::any_ready(std::span<const Queue> queues) const {
  return std::ranges::any_of(queues, [&](const Queue& name) {
    const auto ready = ready_.find(name);
    return ready != ready_.end() && !ready->second.empty();
  });
}

void TakenJobs::take_ready(const WorkerId& worker, const Queue& name, std::size_t count,
                           std::vector<Fetched>& found) {
  const auto at = ready_.find(name);
  if (at == ready_.end() || at->second.empty()) return;
  auto& [levels, shares] = at->second;
  const auto take = [&](std::deque<JobId>& level, std::size_t most) {
    for (; most > 0 && count > 0 && !level.empty(); --most, --count) {
      auto& held = jobs_.at(level.front());
      level.pop_front();
      held.where = Where::kRunning;
      held.worker = worker;
      held.entry = row_entry(held.job.id, entries_++);
      found.push_back({name, held.entry, held.job.payload});
    }
  };
  const auto most = shares.next(count);
  for (const auto level : kAllLevels) take(levels.at(index_of(level)), most.at(index_of(level)));
  for (auto& level : levels) take(level, count);  // what others leave over
}

std::vector<Fetched> TakenJobs::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                      std::size_t count, Millis wait) {
  std::vector<Fetched> found;
  if (queues.empty() || count == 0) return found;
  const auto take = [&] {
    for (const auto& name : queues) {
      if (found.size() < count) take_ready(worker, name, count - found.size(), found);
    }
  };
  std::unique_lock lock{mutex_};
  take();
  if (!found.empty()) return found;
  wanted_ = {.queues = {queues.begin(), queues.end()}, .count = count};
  wanted_until_ = Clock::now() + std::min(bounded(wait), Millis{1000}) + kWantedFor;
  ++changes_;
  changed_.notify_all();
  ready_come_.wait_for(lock, bounded(wait), [&] { return any_ready(queues); });
  take();
  return found;
}

std::vector<Settled> TakenJobs::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  const std::lock_guard lock{mutex_};
  std::vector<Settled> answers;
  for (const auto& settlement : settlements) answers.push_back(settle(worker, settlement));
  return answers;
}

Settled TakenJobs::settle(const WorkerId& worker, const Settlement& settlement) {
  // Whether its row has gone with it is seen there.
  constexpr Millis kLetter{5000};
  const auto id = job_of_row(settlement.entry);
  const auto at = id ? jobs_.find(*id) : jobs_.end();
  if (at == jobs_.end() || at->second.where != Where::kRunning || at->second.entry != settlement.entry)
    return Settled::kNotPending;
  auto& held = at->second;
  if (held.worker != worker) return Settled::kHeldByOther;
  switch (settlement.kind) {
    case Settlement::Kind::kAck:
      leave(held, Left::How::kDone, {});
      break;
    case Settlement::Kind::kRetry:
      leave(held, Left::How::kLater, settlement.countdown);
      break;
    case Settlement::Kind::kRelease:
      leave(held, Left::How::kLater, kForOthers);
      break;
    case Settlement::Kind::kBury:
      leave(held, Left::How::kLater, kLetter);
      break;
    case Settlement::Kind::kAside:
      if (aside_jobs_ == Aside::kPutOff) {
        leave(held, Left::How::kLater, std::min(settlement.countdown, kPutOff));
        break;
      }
      leave(held, Left::How::kAside, {});
      held.where = Where::kAside;
      held.job.payload = settlement.payload;
      aside_[{held.job.queue, settlement.reason}].emplace(
          index_of(held.job.level), Clock::now() + bounded(settlement.countdown), held.job.id);
      return Settled::kDone;
  }
  jobs_.erase(at);
  return Settled::kDone;
}

std::vector<Fetched> TakenJobs::held_by(const WorkerId& worker, const Queue& queue,
                                        std::span<const std::string> entries) const {
  const std::lock_guard lock{mutex_};
  std::vector<Fetched> found;
  for (const auto& entry : entries) {
    const auto id = job_of_row(entry);
    const auto at = id ? jobs_.find(*id) : jobs_.end();
    if (at == jobs_.end() || at->second.where != Where::kRunning || at->second.entry != entry) continue;
    if (at->second.worker == worker) found.push_back({queue, entry, at->second.job.payload});
  }
  return found;
}

std::vector<AsideJobs> TakenJobs::aside(std::span<const Queue> queues, bool for_limits) const {
  const std::lock_guard lock{mutex_};
  std::vector<AsideJobs> found;
  for (const auto& name : queues) {
    for (auto at = aside_.lower_bound({name, {}}); at != aside_.end() && at->first.first == name; ++at) {
      const auto& reason = at->first.second;
      if (is_limit_reason(reason) == for_limits) found.push_back({name, reason, at->second.size()});
    }
  }
  return found;
}

std::size_t TakenJobs::bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                  bool all) {
  const std::lock_guard lock{mutex_};
  const auto at = aside_.find({queue, reason});
  if (at == aside_.end()) return 0;
  const auto now = Clock::now();
  auto& order = at->second;
  std::size_t brought = 0;
  for (auto job = order.begin(); job != order.end() && brought < limit;) {
    const auto& [level, time, id] = *job;
    if (!all && time > now) {
      ++job;
      continue;
    }
    add_ready(jobs_.at(id));
    job = order.erase(job);
    ++brought;
  }
  if (order.empty()) aside_.erase(at);
  return brought;
}

}  // namespace aftercommit
