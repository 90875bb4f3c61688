#include "worker/roles/settler.hpp"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "broker/contract/row_entry.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {

Settler::Settler(std::unique_ptr<Broker> broker, WorkerId worker, InHand& in_hand, Settler* of_rows,
                 std::string_view role)
    : broker_{std::move(broker)},
      worker_{std::move(worker)},
      in_hand_{in_hand},
      of_rows_{of_rows},
      thread_{{role},
              [this](const std::stop_token& stop) {
                if (take_next(stop)) carry_out(stop);
              },
              [this](const std::stop_token& stop) { finish(stop); }} {}

void Settler::settle(Settlement settlement) {
  if (of_rows_ != nullptr && is_of_a_row(settlement.entry)) return of_rows_->settle(std::move(settlement));
  bool first = false;  // the others come while it gathers
  {
    const std::lock_guard lock{mutex_};
    asked_for_.settlements.push_back(std::move(settlement));
    first = asked_for_.settlements.size() == 1;
  }
  if (first) asked_.notify_one();
}

void Settler::settle(std::vector<Settlement> settlements) {
  if (of_rows_ != nullptr) {
    const auto rows = std::ranges::stable_partition(
        settlements, [](const Settlement& settlement) { return !is_of_a_row(settlement.entry); });
    of_rows_->settle(std::vector(std::make_move_iterator(rows.begin()), std::make_move_iterator(rows.end())));
    settlements.erase(rows.begin(), rows.end());
  }
  if (settlements.empty()) return;
  bool first = false;
  {
    const std::lock_guard lock{mutex_};
    auto& all = asked_for_.settlements;
    first = all.empty();
    all.insert(all.end(), std::make_move_iterator(settlements.begin()),
               std::make_move_iterator(settlements.end()));
  }
  if (first) asked_.notify_one();
}

void Settler::send(std::vector<Outgoing> jobs) {
  {
    const std::lock_guard lock{mutex_};
    std::ranges::move(jobs, std::back_inserter(asked_for_.outgoing));
  }
  asked_.notify_one();
}

bool Settler::flush(std::chrono::milliseconds timeout) {
  std::unique_lock lock{mutex_};
  flushing_ = true;
  asked_.notify_one();
  return idle_.wait_for(lock, timeout, [&] { return !busy_ && asked_for_.empty(); });
}

/// Waits for something to do; false when stopping, and nothing is left.
bool Settler::take_next(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  busy_ = !work_.empty();
  if (!busy_) {
    if (asked_for_.empty()) idle_.notify_all();
    thread_.progress().enter(Phase::kWaiting);
    asked_.wait(lock, stop, [&] { return !asked_for_.empty(); });
  }
  gather(lock, stop);
  take_over();
  busy_ = !work_.empty();
  return busy_;
}

/// What was asked for before the stop; unless the broker is away, and nobody waits for it any more.
void Settler::finish(const std::stop_token& stop) {
  while (work_.empty() && take_next(stop)) {
    thread_.attempt(stop, [&] { carry_out(stop); });
  }
}

/// A call for each job would cost more than most jobs; nobody waits for what is settled.  What came in during
/// the last call may be enough; what comes while we wait wakes nobody, which would cost more than it gains.
void Settler::gather(std::unique_lock<std::mutex>& lock, const std::stop_token& stop) {
  constexpr std::size_t kEnough = 100;
  constexpr std::chrono::milliseconds kLonger{1};
  if (asked_for_.settlements.size() >= kEnough) return;
  asked_.wait_for(lock, stop, kLonger, [&] { return flushing_ || !asked_for_.outgoing.empty(); });
}

void Settler::take_over() noexcept {
  const auto take = [](auto& from, auto& to) {
    if (to.empty()) {
      to.swap(from);
      return;
    }
    to.reserve(to.size() + from.size());
    std::ranges::move(from, std::back_inserter(to));
    from.clear();
  };
  try {
    take(asked_for_.outgoing, work_.outgoing);
    take(asked_for_.settlements, work_.settlements);
  } catch (const std::bad_alloc&) {
    // What is being tried again comes first.
  }
}

/// Once; leaves in `work_` what is to be tried again.  Where it throws, what was settled already is found not
/// pending the next time.
void Settler::carry_out(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kAtWork);
  auto refusal = send_now(work_.outgoing);
  if (!work_.settlements.empty()) {
    // Also where the jobs above were refused: a full broker has room again when others are settled.
    const auto answers = broker_->settle(worker_, work_.settlements);
    fail_point("worker.after_settle");
    role_counts().settled.add(work_.settlements.size());
    report(work_.settlements, answers);
    if (keep_refused(work_.settlements, answers) && !refusal) refusal = "a settlement was refused";
    look_after_dropped();
  }
  if (!refusal) {
    thread_.succeeded();
  } else {
    thread_.wait(*refusal, stop);
  }
}

std::optional<std::string> Settler::send_now(std::vector<Outgoing>& jobs) {
  constexpr Millis kSendTimeout{2000};
  if (jobs.empty()) return {};
  try {
    broker_->enqueue(jobs, kSendTimeout);
    jobs.clear();
    return {};
  } catch (const EnqueueFailure& failure) {
    std::vector<Outgoing> unsent;
    for (const auto index : failure.unsent()) unsent.push_back(std::move(jobs[index]));
    jobs = std::move(unsent);
    if (failure.retryable()) throw;
    return failure.what();
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
    in_hand_.put_back(broker_->held_by(worker_, dropped_.back().queue, {&dropped_.back().entry, 1}));
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
