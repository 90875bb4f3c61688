/// The bodies of the test tasks, as a library that real workers load.
#include "support/programs/test_tasks.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <csignal>
#include <cstdlib>
#include <locale>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "aftercommit/log.hpp"
#include "aftercommit/worker.hpp"
#include "support/eventually.hpp"

namespace aftercommit::support {
namespace {

std::size_t payload_limit() {
  const char* const limit = std::getenv("TEST_TASKS_PAYLOAD_LIMIT");
  return limit != nullptr ? std::stoul(limit) : defaults::kPayloadLimit;
}

App app{"tests", {.payload_limit = payload_limit()}};
const TestTasks tasks{app};

/// A second way to the same database: each statement commits by itself, whatever becomes of the task.
Database& journal() {
  static Database database{{.url = app.database().options().url, .pool_size = 100}, "journal"};
  return database;
}

void note(const Job& job, const std::string& text) {
  journal().exec("INSERT INTO journal(job_id, task, attempt, note) VALUES ($1, $2, $3, $4)", job.id(),
                 job.task(), job.attempt(), text);
}

void begin(Job& job, long value) {
  note(job, "started");
  job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", job.id(), value,
                         job.attempt());
}

struct Deliberate : std::runtime_error {
  using std::runtime_error::runtime_error;
};

void lock_order(Job& job, long id) {
  job.transaction().exec("SELECT FROM orders WHERE id = $1 FOR UPDATE", id);
}

void cross(Job& job, long first, long second) {
  begin(job, first);
  lock_order(job, first);
  note(job, "holds one");
  const bool both =
      eventually([] { return journal().exec("SELECT FROM journal WHERE note = 'holds one'").size() >= 2; });
  if (!both) throw Deliberate{"the other job did not come"};
  lock_order(job, second);
}

/// "idle" or "by an administrator"; and goes on when that has happened: "..., uses it" in the same
/// transaction, "..., hides it" throws something else.
void lose_session(Job& job, long value, const std::string& how, long times) {
  begin(job, value);
  if (journal().exec("SELECT nextval('tries')")[0][0].as<long>() > times) return;
  auto& tx = job.transaction();
  const auto backend = tx.exec("SELECT pg_backend_pid()")[0][0].as<long>();
  if (how.starts_with("idle")) {
    tx.exec("SET LOCAL idle_in_transaction_session_timeout = 20");
  } else {
    journal().exec("SELECT pg_terminate_backend($1::int)", backend);
  }
  const bool gone = eventually(
      [&] { return journal().exec("SELECT FROM pg_stat_activity WHERE pid = $1::int", backend).empty(); });
  if (!gone) throw Deliberate{"the session lives on"};
  if (how.ends_with("uses it")) tx.exec("SELECT 1");
  if (how.ends_with("hides it")) {
    try {
      tx.exec("SELECT 1");
    } catch (const std::exception&) {
      throw Deliberate{"something else"};
    }
  }
}

void enqueue_child(Job& job, long value, const std::string& how) {
  begin(job, value);
  if (how == "in nested savepoints") {
    app.database().atomic([&] {
      tasks.insert.delay(value + 1);
      app.database().atomic([&] { tasks.insert.delay(value + 2); });
      try {
        app.database().atomic([&] {
          tasks.insert.delay(value + 3);
          throw Deliberate{"the savepoint rolls back"};
        });
      } catch (const Deliberate&) {
        tasks.insert.delay(value + 4);
      }
    });
    return;
  }
  if (how == "with a countdown") {
    tasks.insert.apply_async({.countdown = std::chrono::milliseconds{50}}, value + 1);
    return;
  }
  if (how == "at once") {
    tasks.insert.apply_async({.delivery = Delivery::kImmediate}, value + 1);
    throw Deliberate{"rolled back, but the child was sent"};
  }
  tasks.insert.delay(value + 1);
  if (how == "then throw" || (how == "then throw once" && job.attempt() == 1))
    throw Deliberate{"after enqueueing"};
  if (how == "when the lock is free") {
    note(job, "waiting");
    job.transaction().exec("SELECT pg_advisory_xact_lock($1)", value);
  }
}

void without_transaction(Job& job, long value) {
  note(job, "started");
  try {
    job.transaction();
  } catch (const UsageError& error) {
    note(job, error.what());
  }
  tasks.insert.delay(value);
}

void wait_for_stop(Job& job, long value) {
  begin(job, value);
  if (!eventually([&] { return job.stop_requested(); })) throw Deliberate{"nobody asked to stop"};
  throw Deliberate{"returning early"};
}

void hang() {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable never;
  never.wait(lock, [] { return false; });
}

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
  if (::waitpid(child, &status, 0) != child || status != 0) throw Deliberate{"the child did not end"};
}

/// Waits for the child, which must end by itself, with this code.
void expect_end(pid_t child, int code) {
  int status = 0;
  const bool ended = eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; });
  if (!ended) {
    ::kill(child, SIGKILL);
    ::waitpid(child, &status, 0);
    throw Deliberate{"the child did not end"};
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != code)
    throw Deliberate{"the child ended with status " + std::to_string(status)};
}

/// Forks a child that leaves in this way, or tries to use what is its parent's.
void fork_child(Job& job, const std::string& how) {
  const pid_t child = ::fork();
  if (child != 0) {
    expect_end(child,
               how == "throw" || how == "throw out of a block" || how == "use the transaction" ? 1 : 0);
    return;
  }
  if (how == "throw") throw Deliberate{"in the child"};
  if (how == "throw out of a block") app.database().atomic([] { throw Deliberate{"in the child"}; });
  if (how == "use the transaction") job.transaction().exec("INSERT INTO effect VALUES (DEFAULT, -1, 1)");
  if (how == "exit") std::exit(0);
  if (how == "close all files") ::close_range(3, ~0U, 0);
}

void meddle(const std::string& how) {
  sigset_t all;
  ::sigfillset(&all);
  if (how == "directory" && ::chdir("/proc") != 0) throw Deliberate{"cannot change the directory"};
  if (how == "locale") std::locale::global(std::locale{std::locale{}, new OddNumbers});
  if (how == "signals let through") ::pthread_sigmask(SIG_UNBLOCK, &all, nullptr);
  if (how == "signals blocked") ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
  if (how == "fork") fork_and_wait(::_exit);
  if (how == "ten gigabytes") std::vector<char>(10'000'000'000).back() = 1;
}

}  // namespace
}  // namespace aftercommit::support

AFTERCOMMIT_TASK_LIBRARY(aftercommit::support::app) {
  using namespace aftercommit;
  using namespace aftercommit::support;

  if (std::getenv("TEST_TASKS_THROW") != nullptr) throw Deliberate{"the library cannot set itself up"};
  if (std::getenv("TEST_TASKS_START_A_THREAD") != nullptr) std::thread{hang}.detach();

  tasks.insert.run(begin);
  tasks.read_order.run([](Job& job, long id) {
    begin(job, id);
    if (job.transaction().exec("SELECT FROM orders WHERE id = $1", id).empty())
      throw Deliberate{"there is no such order"};
  });
  tasks.two.run([](Job& job, long value, const std::string& /*text*/) { begin(job, value); });
  tasks.unreadable.run([](const Unreadable& /*value*/) {});
  tasks.numbers.run([](const std::vector<int>& /*values*/) {});

  tasks.say.run([](Job& job, long value) {
    begin(job, value);
    log(LogLevel::kInfo, "a line of the task", {{"value", value}});
    job.transaction().on_commit([] { log(LogLevel::kInfo, "a line of its hook"); });
  });

  tasks.fail.run([](Job& job, long value, const std::string& text) {
    begin(job, value);
    throw Deliberate{text};
  });
  tasks.throw_int.run([](Job& job, long value) {
    begin(job, value);
    throw 42;
  });
  tasks.succeed_at.run([](Job& job, long value, int attempt) {
    begin(job, value);
    if (job.attempt() < attempt) throw Deliberate{"attempt " + std::to_string(job.attempt())};
  });
  const auto fail = [](Job& job, long value) {
    begin(job, value);
    throw Deliberate{"as always"};
  };
  tasks.fail_exponentially.run(fail);
  tasks.fail_for_ever.run(fail);
  tasks.fail_in_sql.run([](Job& job, long value, const std::string& text) {
    begin(job, value);
    job.transaction().exec("SELECT $1::int", text);
  });
  tasks.retry.run([](Job& job, long value, std::optional<long> countdown_ms) {
    begin(job, value);
    if (job.attempt() > 1) return;
    if (!countdown_ms) throw Retry{"come back"};
    throw Retry{"come back", std::chrono::milliseconds{*countdown_ms}};
  });
  tasks.reject.run([](Job& job, long value) {
    begin(job, value);
    throw Reject{"there is no such customer"};
  });

  tasks.swallow_error.run([](Job& job, long value) {
    begin(job, value);
    try {
      job.transaction().exec("SELECT 1 / 0");
    } catch (const std::exception&) {  // as if nothing had happened
    }
  });
  tasks.break_out.run([](Job& job, long value, const std::string& statements) {
    begin(job, value);
    job.transaction().exec("SET LOCAL standard_conforming_strings = off");
    job.transaction().exec("SELECT 'a\\', '; " + statements + " --'");
    job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, 0)", job.id(), -value);
  });
  tasks.run_sql.run([](Job& job, long value, const std::string& statement) {
    begin(job, value);
    const auto rows = job.transaction().exec(statement);
    if (!rows.empty() && rows.columns() > 0) note(job, rows[0][0].is_null() ? "null" : rows[0][0].c_str());
  });
  tasks.ask_for_rollback.run([](Job& job, long value) {
    begin(job, value);
    job.transaction().set_rollback(true);
  });
  tasks.hook_throws.run([](Job& job, long value) {
    begin(job, value);
    job.transaction().on_commit([] { throw Deliberate{"the hook\nfailed"}; });
  });
  tasks.conflict.run([](Job& job, long value, const std::string& sqlstate, long times) {
    begin(job, value);
    if (journal().exec("SELECT nextval('tries')")[0][0].as<long>() > times) return;
    job.transaction().exec("DO $$ BEGIN RAISE 'a conflict' USING ERRCODE = '" + sqlstate + "'; END $$");
  });
  tasks.lose_session.run(lose_session);
  tasks.cross.run(cross);
  tasks.parent.run(enqueue_child);
  tasks.without_transaction.run(without_transaction);
  tasks.leave_manual_mode.run([](Job& job, long value) {
    app.database().set_autocommit(false);
    app.database().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, 1)", job.id(), value);
  });

  tasks.leave_block.run([](Job& job, long value) {
    static std::optional<Atomic> left;
    left.emplace(app.database());
    app.database().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, 1)", job.id(), value);
  });
  tasks.throw_without_text.run([](Job& job, long value) {
    struct Silent : std::exception {
      const char* what() const noexcept override { return nullptr; }
    };
    begin(job, value);
    throw Silent{};
  });

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

  tasks.wait_for_lock.run([](Job& job, long value, long key) {
    begin(job, value);
    job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
  });
  tasks.stop_and_wait_for_lock.run([](Job& job, long value, long key) {
    begin(job, value);
    ::raise(SIGSTOP);
    job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
  });
  tasks.sleep_in_sql.run([](Job& job, long value, double seconds) {
    begin(job, value);
    job.transaction().exec("SELECT pg_sleep($1)", seconds);
  });
  tasks.hang_in_hook.run([](Job& job, long value) {
    begin(job, value);
    job.transaction().on_commit(hang);
  });
  tasks.sleep_in_cpp.run([](Job& job, long value, double seconds) {
    begin(job, value);
    std::this_thread::sleep_for(
        std::chrono::duration<double>{seconds});  // deaf to everything, as some tasks are
  });
  tasks.wait_for_stop.run(wait_for_stop);

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
