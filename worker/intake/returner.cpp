#include "worker/intake/returner.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBatch = 1000;
constexpr std::size_t kShare = 100;          // what another worker may put aside again comes in shares
constexpr milliseconds kNothingAside{2000};  // between two looks
constexpr milliseconds kSomeAside{1000};
constexpr milliseconds kBetweenShares{100};  // while an executor here has nothing to do
constexpr milliseconds kBusyHere{300};       // else, so that another worker does not keep them aside
constexpr milliseconds kDue{3000};           // between two looks for those whose time has come
constexpr milliseconds kLimited{60'000};  // the same, of those that wait for limits which nobody here knows
constexpr milliseconds kBetweenQuestions{3000};
constexpr milliseconds kSure{5000};  // that a database serves which has answered

}  // namespace

Returner::Returner(std::unique_ptr<Aside> broker, std::vector<Queue> queues, Gate& gate,
                   const JobBuffer& buffer)
    : broker_{std::move(broker)},
      queues_{std::move(queues)},
      gate_{gate},
      buffer_{buffer},
      thread_{{"bringing back jobs"}, [this](const std::stop_token& stop) {
                const auto wait = look(stop);
                thread_.succeeded();
                thread_.progress().enter(Phase::kWaiting);
                gate_.wait_for_change(wait, stop);
              }} {}

/// How long to wait before the next one.
milliseconds Returner::look(const std::stop_token& stop) {
  const auto all = broker_->aside(queues_);
  const auto known = std::exchange(steps_, {});
  Answers answers;
  const bool for_due = Clock::now() - looked_for_due_ >= kDue;
  if (for_due) looked_for_due_ = Clock::now();
  const bool idle = buffer_.has_idle();  // before there is more to do
  bool goes_on = false;
  for (const auto& aside : all) {
    const std::pair key{aside.queue, aside.reason};
    auto& step = steps_[key];
    if (const auto before = known.find(key); before != known.end()) step = before->second;
    auto* const watch = gate_.watch_of(aside.reason);
    if (watch != nullptr ? is_sure(*watch, step, answers) : gate_.runs_task_of(aside.reason)) {
      bring_back(aside, step, watch, stop);
      goes_on = true;
    }
    if (for_due) broker_->bring_back(aside.queue, aside.reason, kBatch, false);
    if (stop.stop_requested()) break;
  }
  look_for_limited(stop);
  if (all.empty()) return kNothingAside;
  if (!goes_on) return kSomeAside;
  return idle ? kBetweenShares : kBusyHere;
}

/// An app without limits has no usher; what waits for those of another deploy does not stay for ever.
void Returner::look_for_limited(const std::stop_token& stop) {
  if (gate_.limits().any() || Clock::now() - looked_for_limited_ < kLimited) return;
  looked_for_limited_ = Clock::now();
  for (const auto& aside : broker_->limited(queues_, kBatch)) {
    if (stop.stop_requested()) return;
    broker_->bring_back(aside.queue, aside.reason, kBatch, false);
  }
}

/// Others may have another way to the database, so that it is asked even where nothing speaks against it.
bool Returner::is_sure(DatabaseWatch& watch, Step& step, Answers& answers) {
  const auto now = Clock::now();
  const auto [answer, is_new] = answers.try_emplace(&watch, false);
  if (is_new) answer->second = watch.answered();
  if (answer->second) step.sure_until = now + kSure;
  if (!watch.serves()) {
    step = {};
    return false;
  }
  if (now >= step.ask_at) {
    watch.ask();
    step.ask_at = now + kBetweenQuestions;
  }
  return now < step.sure_until;
}

/// All the first time, then shares: of many that another worker puts aside again, this one would get fewer.
void Returner::bring_back(const AsideJobs& aside, Step& step, const DatabaseWatch* watch,
                          const std::stop_token& stop) {
  if (Clock::now() < step.next) return;
  const bool everything = std::exchange(step.everything, false);
  const auto wanted = everything ? aside.jobs : std::min(aside.jobs, kShare);
  std::size_t back = 0;
  while (back < wanted && !stop.stop_requested() && (watch == nullptr || watch->serves())) {
    const auto some = broker_->bring_back(aside.queue, aside.reason, std::min(wanted - back, kBatch), true);
    if (some == 0) break;
    back += some;
    fail_point("returner.after_batch");
  }
  step.next = Clock::now() + kBetweenShares;
  log(everything ? LogLevel::kInfo : LogLevel::kDebug, "jobs that stood aside were brought back",
      {{"queue", aside.queue}, {"reason", aside.reason}, {"jobs", back}});
}

}  // namespace aftercommit::worker
