#include "worker/returner.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/log.hpp"
#include "broker/fail_point.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kBatch = 1000;
constexpr milliseconds kNothingAside{2000};  // between two looks
constexpr milliseconds kSomeAside{1000};
constexpr milliseconds kDue{3000};  // between two looks for those whose time has come
constexpr milliseconds kFirstPause{1000};
constexpr milliseconds kLongestPause{10'000};

}  // namespace

Returner::Returner(std::unique_ptr<Broker> broker, std::vector<Queue> queues, Gate& gate)
    : broker_{std::move(broker)},
      queues_{std::move(queues)},
      gate_{gate},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Returner::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    reconnect_.attempt(stop, [&] {
      const bool some = look(stop);
      reconnect_.succeeded();
      reconnect_.progress().enter(Phase::kWaiting);
      gate_.wait_for_change(some ? kSomeAside : kNothingAside, stop);
    });
  }
}

/// True if any job stands aside.
bool Returner::look(const std::stop_token& stop) {
  const auto all = broker_->aside(queues_);
  std::map<DatabaseWatch*, bool> answered;
  Steps known;
  std::swap(known, steps_);
  const bool for_due = Clock::now() - looked_for_due_ >= kDue;
  if (for_due) looked_for_due_ = Clock::now();
  for (const auto& aside : all) {
    if (const auto step = known.find({aside.queue, aside.reason}); step != known.end()) steps_.insert(*step);
    auto* const watch = gate_.watch_of(aside.reason);
    if (watch != nullptr) {
      if (!answered.contains(watch)) answered[watch] = watch->answered();
      if (answered[watch]) {
        bring_all(aside, watch, stop);
      } else if (watch->serves() && is_time(aside)) {
        watch->ask();  // others may have another way to it
      }
    } else if (gate_.runs_task_of(aside.reason) && is_time(aside)) {
      bring_all(aside, nullptr, stop);
    }
    if (for_due) broker_->bring_back(aside.queue, aside.reason, kBatch, false);
    if (stop.stop_requested()) break;
  }
  return !all.empty();
}

/// Less and less often, while their number does not go down.
bool Returner::is_time(const AsideJobs& aside) {
  const auto now = Clock::now();
  auto& step = steps_[{aside.queue, aside.reason}];
  if (now < step.next) return false;
  const bool fewer = 2 * aside.jobs <= step.jobs;
  step.pause = fewer ? kFirstPause : std::clamp(2 * step.pause, kFirstPause, kLongestPause);
  step.jobs = aside.jobs;
  step.next = now + step.pause;
  return true;
}

void Returner::bring_all(const AsideJobs& aside, const DatabaseWatch* watch, const std::stop_token& stop) {
  std::size_t back = 0;
  while (back < aside.jobs && !stop.stop_requested() && (watch == nullptr || watch->serves())) {
    const auto some = broker_->bring_back(aside.queue, aside.reason, kBatch, true);
    if (some == 0) break;
    back += some;
    fail_point("returner.after_batch");
  }
  log(LogLevel::kInfo, "jobs that stood aside were brought back",
      {{"queue", aside.queue}, {"reason", aside.reason}, {"jobs", back}});
}

}  // namespace aftercommit::worker
