/// Notices threads that get nowhere while the lease of their worker is renewed, so that nobody takes over.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "base/pause.hpp"
#include "worker/watch/progress.hpp"
#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// Looks at the progress of each thread once a second.  One that has made no step for 30 s is told of, and
/// again after twice as long each time.  After the hang timeout the process is ended, for another to take its
/// place and give its jobs back, none of them blamed; but not for the time that a task takes for itself.
class Watchdog {
 public:
  /// Whose it is that a thread stands where it does.
  enum class Cause {
    kNone,  ///< it waits for work, and there is none
    kTask,  ///< the application's
    kOurs,  ///< ours, or that of a server
  };
  struct Watched {
    std::string name;  ///< "executor 3"
    const Progress* progress;
    /// Asked where no step was made.  Must not wait for the thread.
    std::function<Cause(Phase)> cause;
    /// The job it is at: fields for the log; empty where there is none, or it cannot be told.
    struct Job {
      std::string id;
      std::string task;
    };
    std::function<std::optional<Job>()> job{};
  };
  /// Called where a thread of ours hangs; says which and where.
  using Hung = std::function<void(const std::string& which)>;

  /// `timeout`: 0 for never.
  Watchdog(std::vector<Watched> watched, std::chrono::milliseconds timeout, Hung hung);

  /// A thread of ours has made no step for so long that it was told of, and still makes none.  From any
  /// thread, as the next.
  bool sees_one_stand() const noexcept { return one_stands_; }
  /// When it has last looked at all threads.
  std::chrono::steady_clock::time_point looked_at() const noexcept { return looked_at_; }

 private:
  struct Standing {
    std::uint64_t state = 0;
    std::chrono::milliseconds time{0};
    std::chrono::milliseconds told_at{0};
    bool ours = false;  ///< it stands, long enough to be told of, and that is no task's
  };

  void run(const std::stop_token& stop);
  void look(const Watched& watched, Standing& standing, std::chrono::milliseconds passed);
  void tell(const Watched& watched, const Standing& standing, Cause cause) const;

  const std::vector<Watched> watched_;
  const std::chrono::milliseconds timeout_;
  const std::chrono::milliseconds tell_after_;
  const Hung hung_;
  std::atomic<bool> one_stands_{false};
  std::atomic<std::chrono::steady_clock::time_point> looked_at_{std::chrono::steady_clock::now()};
  Pause pause_;
  std::jthread thread_;  // last
};

/// Ends this process, of which it knows that it hangs.  `slots`: null where nobody watches it.
[[noreturn]] void end_hung_process(ChildSlots* slots, const std::string& which);

}  // namespace aftercommit::worker
