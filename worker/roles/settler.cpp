#include "worker/roles/settler.hpp"

#include <algorithm>
#include <iterator>
#include <map>
#include <new>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "broker/contract/row_entry.hpp"
#include "broker/contract/shard_entry.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

namespace {

Settler::Servers both_sides(std::shared_ptr<Broker> broker) { return {broker, broker}; }

}  // namespace

Settler::Settler(std::unique_ptr<Broker> broker, WorkerId worker, InHand& in_hand, Settler* of_rows,
                 std::string_view role)
    : Settler{both_sides(std::move(broker)), std::move(worker), in_hand,
              {.of_rows = of_rows},          "the broker",      role} {}

Settler::Settler(Servers servers, WorkerId worker, InHand& in_hand, Others others, std::string_view called,
                 std::string_view role)
    : servers_{std::move(servers)},
      worker_{std::move(worker)},
      in_hand_{in_hand},
      others_{std::move(others)},
      unsent_{others_.unsent ? others_.unsent : std::make_shared<UnsentJobs>()},
      thread_{{role, called},
              [this](const std::stop_token& stop) {
                if (take_next(stop)) carry_out(stop);
              },
              [this](const std::stop_token& stop) { finish(stop); }} {}

/// Null: this one.
Settler* Settler::other_of(const Settlement& settlement) const {
  if (others_.of_rows != nullptr && is_of_a_row(settlement.entry)) return others_.of_rows;
  if (others_.of_shards.empty()) return nullptr;
  const auto shard = ShardEntry::parse(settlement.entry).shard;
  return shard == 0 ? nullptr : others_.of_shards.at(shard - 1);
}

void Settler::settle(Settlement settlement) {
  if (auto* const other = other_of(settlement)) return other->settle(std::move(settlement));
  bool first = false;  // the others come while it gathers
  {
    const std::lock_guard lock{mutex_};
    asked_for_.push_back(std::move(settlement));
    first = asked_for_.size() == 1;
  }
  if (first) asked_.notify_one();
}

void Settler::settle(std::vector<Settlement> settlements) {
  if (others_.of_rows != nullptr || !others_.of_shards.empty()) {
    const auto rest = std::ranges::stable_partition(
        settlements, [this](const Settlement& settlement) { return other_of(settlement) == nullptr; });
    std::map<Settler*, std::vector<Settlement>> of_others;
    for (auto& settlement : rest) of_others[other_of(settlement)].push_back(std::move(settlement));
    settlements.erase(rest.begin(), rest.end());
    for (auto& [other, theirs] : of_others) other->settle(std::move(theirs));
  }
  if (settlements.empty()) return;
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    first = asked_for_.empty();
    asked_for_.insert(asked_for_.end(), std::make_move_iterator(settlements.begin()),
                      std::make_move_iterator(settlements.end()));
  }
  if (first) asked_.notify_one();
}

void Settler::send(std::vector<Outgoing> jobs) {
  unsent_->add(std::move(jobs));
  call();
  for (auto* const other : others_.of_shards) other->call();
}

void Settler::call() {
  {
    const std::lock_guard lock{mutex_};  // else it may look before and sleep after
  }
  asked_.notify_one();
}

bool Settler::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  flushing_ = true;
  asked_.notify_one();
  return idle_.wait_for(lock, timeout, [&] { return !busy_ && !has_more(); });
}

/// Waits for something to do; false when stopping, and nothing is left.
bool Settler::take_next(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  busy_ = !work_.empty();
  if (!busy_) {
    if (!has_more()) idle_.notify_all();
    thread_.progress().enter(Phase::kWaiting);
    asked_.wait(lock, stop, [&] { return has_more(); });
  }
  gather(lock, stop);
  take_over();
  busy_ = !work_.empty() || unsent_->any();
  return busy_;
}

/// What was asked for before the stop; unless the broker is away, and nobody waits for it any more.
void Settler::finish(const std::stop_token& stop) {
  while (work_.empty() && take_next(stop)) {
    thread_.attempt(stop, [&] { carry_out(stop); });
    if (unsent_->any()) return;
  }
}

/// A call for each job would cost more than most jobs; nobody waits for what is settled.  What came in during
/// the last call may be enough; what comes while we wait wakes nobody, which would cost more than it gains.
void Settler::gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  constexpr std::size_t kEnough = 100;
  constexpr std::chrono::milliseconds kLonger{1};
  if (asked_for_.size() >= kEnough) return;
  asked_.wait_for(lock, stop, kLonger, [&] { return flushing_ || unsent_->any(); });
}

void Settler::take_over() noexcept {
  if (work_.empty()) {
    work_.swap(asked_for_);
    return;
  }
  try {
    work_.reserve(work_.size() + asked_for_.size());
    std::ranges::move(asked_for_, std::back_inserter(work_));
    asked_for_.clear();
  } catch (const std::bad_alloc&) {
    // What is being tried again comes first.
  }
}

/// Once; leaves in `work_` what is to be tried again.  Where it throws, what was settled already is found not
/// pending the next time.
void Settler::carry_out(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kAtWork);
  auto refusal = unsent_->send(*servers_.target);
  if (!work_.empty()) {
    // Also where the jobs above were refused: a full broker has room again when others are settled.
    const auto answers = servers_.intake->settle(worker_, work_);
    fail_point("worker.after_settle");
    role_counts().settled.add(work_.size());
    report(work_, answers);
    if (keep_refused(work_, answers) && !refusal) refusal = "a settlement was refused";
    look_after_dropped();
  }
  if (!refusal) {
    thread_.succeeded();
  } else {
    thread_.wait(*refusal, stop);
  }
}

/// Leaves those that the broker refused, to be tried again; true if there are any.
bool Settler::keep_refused(std::vector<Settlement>& settlements, const std::vector<Settled>& answers) {
  std::vector<Settlement> settled;
  if (std::ranges::find(answers, Settled::kRefused) == answers.end()) {
    settled.swap(settlements);  // as nearly always
  } else {
    std::vector<Settlement> refused;
    refused.reserve(answers.size());  // no memory is to be asked for once the first has moved
    settled.reserve(answers.size());
    for (std::size_t i = 0; i < answers.size(); ++i)
      (answers[i] == Settled::kRefused ? refused : settled).push_back(std::move(settlements[i]));
    settlements = std::move(refused);
  }
  std::ranges::move(in_hand_.release(std::move(settled)), std::back_inserter(dropped_));
  return !settlements.empty();
}

/// A broker that has fallen back since it answered has them in our name again, and nobody else would read
/// them.
void Settler::look_after_dropped() {
  while (!dropped_.empty()) {
    in_hand_.put_back(servers_.intake->held_by(worker_, dropped_.back().queue, {&dropped_.back().entry, 1}));
    dropped_.pop_back();
  }
}

void Settler::report(const std::vector<Settlement>& settlements, const std::vector<Settled>& answers) const {
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (answers[i] != Settled::kHeldByOther) continue;
    role_counts().settled_too_late.add();
    log(LogLevel::kWarning, "a job was settled too late: another worker has taken it over",
        {{"queue", settlements[i].queue}, {"entry", settlements[i].entry}});
  }
}

}  // namespace aftercommit::worker
