#include "worker/process/start_watch.hpp"

#include <algorithm>
#include <string>

#include "aftercommit/log.hpp"
#include "worker/log/logging.hpp"
#include "worker/watch/uncaught.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kSlice{50};  // a signal waits no longer

/// A library has no reason to take long; servers have timeouts of their own, which come first.
milliseconds patience(StartStep step) { return step == StartStep::kLoading ? 3s : 10s; }

std::string cannot_load(const Options& options) {
  return options.app_path.empty() ? "cannot start: "
                                  : "cannot load task library '" + options.app_path + "': ";
}

std::string in_seconds(milliseconds time) { return std::to_string(time.count() / 1000); }

}  // namespace

StartWatch::StartWatch(const Options& options, Signals& signals, const ProcessStart* start)
    : options_{options},
      signals_{signals},
      slots_{start != nullptr ? &start->slots : nullptr},
      say_why_{start == nullptr || start->say_why} {
  name_what_nobody_catches(slots_, cannot_load(options), say_why_);
  enter(StartStep::kLoading);
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

StartWatch::~StartWatch() {
  thread_.request_stop();
  thread_.join();
  started();
}

void StartWatch::enter(StartStep step) {
  const std::lock_guard lock{mutex_};
  step_ = step;
  since_ = Clock::now();
  told_after_ = 0ms;
  if (slots_ != nullptr) slots_->enter(step);
}

void StartWatch::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!wake_.wait_for(lock, stop, kSlice, [] { return false; }) && !stop.stop_requested()) {
    if (step_ == StartStep::kStarting) continue;
    if (const int signal = signals_.wait(0ms)) end(signal);
    look();
  }
}

void StartWatch::look() {
  const auto taken = std::chrono::floor<milliseconds>(Clock::now() - since_);
  const bool loading = step_ == StartStep::kLoading;
  if (loading && options_.hang_timeout > 0ms && taken >= options_.hang_timeout) {
    if (say_why_) {
      say(cannot_load(options_) + "it was not done after " + in_seconds(options_.hang_timeout) +
          " s (--hang-timeout)");
    }
    if (slots_ != nullptr) slots_->set_refused();
    end_at_once(kExitUsage);
  }
  if (taken < std::max(patience(step_), told_after_ * 2)) return;
  told_after_ = taken;
  if (loading) {
    log(LogLevel::kWarning,
        "the start waits for the task library: its static objects, or what defines its tasks, are not done",
        {{"library", options_.app_path}, {"after_s", in_seconds(taken)}});
  } else {
    log(LogLevel::kWarning, "the start waits for Redis or a database, or for their tables to be made",
        {{"after_s", in_seconds(taken)}});
  }
}

/// It holds no job yet, and whatever it waits for need not come to an end.
void StartWatch::end(int signal) {
  if (slots_ != nullptr) slots_->begin_stop(false);
  log(LogLevel::kInfo, "worker stopped before it had started", {{"signal", Signals::name(signal)}});
  end_at_once(kExitStopped);
}

}  // namespace aftercommit::worker
