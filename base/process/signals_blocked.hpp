/// For threads of the library inside an application, whose signals are not theirs.
#pragma once

#include <pthread.h>

#include <csignal>

namespace aftercommit::detail {

/// The calling thread, and one that it starts meanwhile, take none of the signals that are sent to the
/// application.  A fault of its own is one of the process: blocked, it would end it without a word of the
/// application's handler.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS})
      ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace aftercommit::detail
