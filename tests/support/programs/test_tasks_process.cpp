/// What the test tasks do to their process.
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <locale>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

[[gnu::noinline]] int overflow_the_stack(volatile char* caller) {
  volatile char frame[4096];
  frame[0] = *caller;
  if (frame[0] != 0) return 0;  // never
  return overflow_the_stack(frame) + frame[0];
}

/// One way for a process to die; a sanitizer must not end it in its own way before.
[[gnu::no_sanitize("address", "undefined")]] void bring_down(const std::string& how) {
  static volatile int* volatile nowhere = nullptr;
  volatile char first = 0;
  if (how == "segfault") *nowhere = 1;
  if (how == "abort") std::abort();
  if (how == "stack overflow") overflow_the_stack(&first);
  if (how == "terminate") std::terminate();
  if (how == "exit") std::exit(0);
  if (how == "_exit") ::_exit(0);
  if (how == "kill") ::kill(::getpid(), SIGKILL);
  if (how == "stop") ::raise(SIGSTOP);                     // with all that it holds, until somebody kills it
  if (how == "close all files") ::close_range(3, ~0U, 0);  // it lives on, without a connection
}

/// Numbers as this locale writes them would be refused by every server.
struct OddNumbers : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\1"; }
};

void fork_and_wait(void (*end)(int)) {
  const pid_t child = ::fork();
  if (child == 0) end(0);
  int status = 0;
  if (::waitpid(child, &status, 0) != child || status != 0) throw DeliberateFailure{"the child did not end"};
}

/// Waits for the child, which must end by itself, with this code.
void expect_end(pid_t child, int code) {
  int status = 0;
  const bool ended = eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  if (!ended) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    throw DeliberateFailure{"the child did not end"};
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
    throw DeliberateFailure{"the child ended with status " + std::to_string(status)};
}

/// Forks a child that lets signals through, and stops it by one.
void fork_and_stop() {
  sigset_t all;
  ::sigfillset(&all);
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(20);  // else it would outlive a test that fails
    ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
    for (;;) ::pause();
  }
  ::kill(child, SIGTERM);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGTERM)
    throw DeliberateFailure{"the child ended with status " + std::to_string(status)};
}

/// Forks a child that leaves in this way, or tries to use what is its parent's.
void fork_child(Job& job, const std::string& how) {
  const pid_t child = ::fork();
  if (child != 0) {
    expect_end(child,
               how == "throw" || how == "throw out of a block" || how == "use the transaction" ? 1 : 0);
    return;
  }
  if (how == "throw") throw DeliberateFailure{"in the child"};
  if (how == "throw out of a block") app.database().atomic([] { throw DeliberateFailure{"in the child"}; });
  if (how == "use the transaction") job.transaction().exec("INSERT INTO effect VALUES (DEFAULT, -1, 1)");
  if (how == "exit") std::exit(0);
  if (how == "close all files") ::close_range(3, ~0U, 0);
}

void meddle(const std::string& how) {
  sigset_t all;
  ::sigfillset(&all);
  if (how == "directory" && ::chdir("/proc") != 0) throw DeliberateFailure{"cannot change the directory"};
  if (how == "locale") std::locale::global(std::locale{std::locale{}, new OddNumbers});
  if (how == "signals let through") ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  if (how == "a signal let in") {
    ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
    ::raise(SIGTERM);  // to this thread
  }
  if (how == "signals blocked") ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  if (how == "fork") fork_and_wait(::_exit);
  if (how == "fork a child and stop it") fork_and_stop();
  if (how == "ten gigabytes") std::vector<char>(10'000'000'000).back() = 1;
}

}  // namespace

void define_process_tasks() {
  tasks.fork.run([](Job& job, long value, const std::string& how) {
    begin(job, value);
    if (how == "return from a hook") {
      job.transaction().on_commit([&job] { fork_child(job, "return"); });
    } else {
      fork_child(job, how);
    }
  });
  tasks.fork_without_transaction.run([](Job& job, long /*value*/, const std::string& how) {
    note(job, "started");
    fork_child(job, how);
  });

  tasks.crash.run([](Job& job, long value, const std::string& how) {
    begin(job, value);
    bring_down(how);
  });
  tasks.crash_at_first.run([](Job& job, long value, const std::string& how, long times) {
    begin(job, value);
    if (journal().exec("SELECT nextval('tries')")[0][0].as<long>() <= times) bring_down(how);
  });
  tasks.meddle.run([](Job& job, long value, const std::string& how) {
    begin(job, value);
    meddle(how);
  });
}

}  // namespace aftercommit::support
