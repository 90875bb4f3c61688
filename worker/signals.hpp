/// SIGTERM and SIGINT, waited for instead of handled.
#pragma once

#include <chrono>
#include <csignal>
#include <ctime>

namespace aftercommit::worker {

/// Blocks the signals for the calling thread and those it starts: make it before any of them.
class Signals {
 public:
  Signals() {
    ::sigemptyset(&set_);
    ::sigaddset(&set_, SIGTERM);
    ::sigaddset(&set_, SIGINT);
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // a lost connection is an error to handle, not an end
  }

  /// Waits for one of them; its number.
  int wait() const {
    int signal = 0;
    while (::sigwait(&set_, &signal) != 0) {
    }
    return signal;
  }

  /// True if one came within `timeout`.
  bool wait_for(std::chrono::milliseconds timeout) const {
    const auto ms = timeout.count();
    const timespec wait{ms / 1000, (ms % 1000) * 1'000'000};
    return ::sigtimedwait(&set_, nullptr, &wait) > 0;
  }

 private:
  ::sigset_t set_{};
};

}  // namespace aftercommit::worker
