/// SIGTERM, SIGINT and SIGHUP, waited for instead of handled.
#pragma once

#include <sys/syscall.h>
#include <sys/types.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <ctime>

namespace aftercommit::worker {

/// Blocks the signals for the calling thread and those it starts: make it before any of them.
class Signals {
 public:
  /// `supervisor`: the process that forwards signals to this one; 0 if there is none.
  explicit Signals(pid_t supervisor = 0) : supervisor_{supervisor}, set_{stop_signals()} {
    ::pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    process_ = ::getpid();
    struct sigaction forward {};
    forward.sa_sigaction = pass_on;
    forward.sa_flags = SA_SIGINFO | SA_RESTART;
    for (const int signal : kStopSignals)
      if (::sigismember(&set_, signal) == 1) ::sigaction(signal, &forward, nullptr);
    ::signal(SIGPIPE, SIG_IGN);  // a lost connection is an error to handle, not an end
  }

  /// Waits for one of them, up to `timeout`; its number, or 0.
  int wait(std::chrono::milliseconds timeout) {
    const auto ms = timeout.count();
    const timespec wait{ms / 1000, (ms % 1000) * 1'000'000};
    ::siginfo_t info{};
    const int signal = ::sigtimedwait(&set_, &info, &wait);
    if (signal > 0 && signal != SIGHUP) count(info);
    return std::max(signal, 0);
  }

  /// Waits up to `timeout`; true if there was a second wish to stop, which is one to stop at once.  The same
  /// wish may come twice, to the whole group of processes and forwarded: so two of one sender count.  SIGHUP
  /// is never the second, nor the first of two: a terminal that goes sends it together with its shell.
  bool wait_for(std::chrono::milliseconds timeout) {
    wait(timeout);
    return forwarded_ > 1 || direct_ > 1;
  }

  /// Those that stop the worker: SIGHUP is none where it was ignored when the program began, as under nohup.
  static ::sigset_t stop_signals() noexcept {
    static const bool hang_up_stops = [] {
      struct sigaction before {};
      ::sigaction(SIGHUP, nullptr, &before);
      return before.sa_handler != SIG_IGN;
    }();
    ::sigset_t set{};
    ::sigemptyset(&set);
    for (const int signal : kStopSignals)
      if (signal != SIGHUP || hang_up_stops) ::sigaddset(&set, signal);
    return set;
  }
  static const char* name(int signal) noexcept {
    return signal == SIGTERM ? "SIGTERM" : signal == SIGINT ? "SIGINT" : "SIGHUP";
  }

 private:
  static constexpr int kStopSignals[] = {SIGTERM, SIGINT, SIGHUP};

  /// Comes to a thread where a task has unblocked the signal: that thread lets it be from now on, and it
  /// comes to the process once more, from the same sender, for whoever waits.  Asking the mask after each job
  /// instead would be a call of the kernel a job.  In the child that a task has forked nobody waits: it ends,
  /// as it would without us.
  static void pass_on(int signal, ::siginfo_t* info, void* context) noexcept {
    const int error = errno;
    if (::getpid() != process_) {
      ::signal(signal, SIG_DFL);
      ::raise(signal);  // comes when this returns
      return;
    }
    ::sigaddset(&static_cast<::ucontext_t*>(context)->uc_sigmask, signal);  // the mask that it returns to
    ::syscall(SYS_rt_sigqueueinfo, ::getpid(), signal, info);
    errno = error;
  }

  void count(const ::siginfo_t& info) noexcept {
    const pid_t sender = info.si_code <= 0 ? info.si_pid : 0;  // the kernel's own have none
    if (supervisor_ != 0 && sender == ::getpid()) return;      // our own wish to be replaced
    // The one that says that the supervisor has died bears its name too.
    const bool forwarded = supervisor_ != 0 && sender == supervisor_ && ::getppid() == supervisor_;
    ++(forwarded ? forwarded_ : direct_);
  }

  inline static pid_t process_ = 0;  // whose signals are waited for

  const pid_t supervisor_;
  const ::sigset_t set_;
  int forwarded_ = 0;
  int direct_ = 0;
};

}  // namespace aftercommit::worker
