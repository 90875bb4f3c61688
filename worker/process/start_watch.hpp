/// Looks after the start of a process, which runs code of the application's before anything of ours does.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

#include "worker/process/supervisor.hpp"
#include "worker/settings/options.hpp"
#include "worker/watch/running_slots.hpp"
#include "worker/watch/signals.hpp"

namespace aftercommit::worker {

/// From construction, which is when the task library is about to be loaded, until destroyed: obeys a signal
/// to stop, says what takes long, and ends the process where a library has not been loaded within the hang
/// timeout. From construction until the end of the process: an exception that nobody catches is named.  Until
/// the start has come to its end that is a sentence and exit code 2; after it, the reason of a crash.
class StartWatch {
 public:
  /// None is owned; `signals` and what `start` refers to outlive this, the latter as long as the process.
  /// `start`: null where nobody watches the process.
  StartWatch(const Options& options, Signals& signals, const ProcessStart* start);
  ~StartWatch();
  StartWatch(const StartWatch&) = delete;
  StartWatch& operator=(const StartWatch&) = delete;

  void enter(StartStep step);

 private:
  using Clock = std::chrono::steady_clock;

  void run(const std::stop_token& stop);
  void look();  // with mutex_ held, as the next
  [[noreturn]] void end(int signal);

  const Options& options_;
  Signals& signals_;  // used by thread_ alone
  ChildSlots* const slots_;
  const bool say_why_;
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any wake_;
  StartStep step_ = StartStep::kLoading;
  Clock::time_point since_ = Clock::now();
  std::chrono::milliseconds told_after_{0};
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
