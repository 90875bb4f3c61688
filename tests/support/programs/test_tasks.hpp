/// The tasks that the tests of the worker enqueue and real workers run: declared here, their bodies beside it
/// in test_tasks.cpp and, by subject, test_tasks_*.cpp.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/aftercommit.hpp"

namespace aftercommit::support {

inline constexpr std::chrono::milliseconds kShortBackoff{10};

/// A type of an application's own whose conversion throws what is no std::exception.
struct Unreadable {};
inline void to_json(nlohmann::json& json, const Unreadable& /*value*/) { json = "unreadable"; }
[[noreturn]] inline void from_json(const nlohmann::json& /*json*/, Unreadable& /*value*/) { throw 42; }

/// `value` tells jobs apart.  Each body begins with a line in `journal` that no rollback undoes, and, in its
/// transaction, a row in `effect`.
struct TestTasks {
  App& app;  // not owned

  Task<long> insert = app.task<long>("insert", {.backoff = fixed(kShortBackoff)});
  /// Throws unless it finds the row `value` of the table orders.
  Task<long> read_order = app.task<long>("read_order", {.max_retries = 0});
  Task<long, std::string> two = app.task<long, std::string>("two");
  Task<Unreadable> unreadable = app.task<Unreadable>("unreadable");
  Task<std::vector<int>> numbers = app.task<std::vector<int>>("numbers");
  /// Declared, with no body but in test_tasks_later.cpp.
  Task<long> bodiless = app.task<long>("bodiless");

  /// Logs a line of its own, in its body and in a hook.
  Task<long> say = app.task<long>("say");

  /// Notes what travels with its job, logs a line, and fails unless there is a row `value` of the table
  /// orders; else asks for carry(value + 1, more - 1), as long as there are more.
  Task<long, long> carry = app.task<long, long>("carry", {.max_retries = 1, .backoff = fixed(kShortBackoff)});

  // --- How tasks fail
  Task<long, std::string> fail =
      app.task<long, std::string>("fail", {.max_retries = 2, .backoff = fixed(kShortBackoff)});
  Task<long> throw_int = app.task<long>("throw_int", {.max_retries = 1, .backoff = fixed(kShortBackoff)});
  Task<long, int> succeed_at =
      app.task<long, int>("succeed_at", {.max_retries = 5, .backoff = fixed(kShortBackoff)});
  Task<long> fail_exponentially = app.task<long>(
      "fail_exponentially",
      {.max_retries = 3, .backoff = exponential(kShortBackoff, std::chrono::milliseconds{30}, 2.0, 0.0)});
  /// Fails with the text as PostgreSQL quotes it.
  Task<long, std::string> fail_in_sql = app.task<long, std::string>("fail_in_sql", {.max_retries = 0});
  /// The first attempt throws Retry, with this countdown in ms.
  Task<long, std::optional<long>> retry =
      app.task<long, std::optional<long>>("retry", {.max_retries = 3, .backoff = fixed(kShortBackoff)});
  Task<long> reject = app.task<long>("reject");
  /// With as many retries as a task may have.
  Task<long> fail_for_ever =
      app.task<long>("fail_for_ever", {.max_retries = 999'999, .backoff = fixed(kShortBackoff)});
  /// Throws an exception whose what() is null.
  Task<long> throw_without_text =
      app.task<long>("throw_without_text", {.max_retries = 1, .backoff = fixed(kShortBackoff)});

  /// Snoozes for so many ms, as long as the sequence `tries` is at most `times`.
  Task<long, long, long> nap =
      app.task<long, long, long>("nap", {.max_retries = 0, .backoff = fixed(kShortBackoff)});
  /// Fails in this way until it is dead; its hook then does what the last argument says: see mourn().
  Task<long, std::string, std::string> die =
      app.task<long, std::string, std::string>("die", {.max_retries = 1, .backoff = fixed(kShortBackoff)});

  // --- What tasks do with their transaction
  Task<long> swallow_error = app.task<long>("swallow_error", {.max_retries = 0});
  /// Hides these statements from the library, which would refuse them: a server that takes backslashes for
  /// escapes reads on where the library sees a string.
  Task<long, std::string> break_out = app.task<long, std::string>("break_out", {.max_retries = 0});
  /// Runs this statement; notes the first value that it gives.
  Task<long, std::string> run_sql =
      app.task<long, std::string>("run_sql", {.max_retries = 0, .backoff = fixed(kShortBackoff)});
  /// Writes orders within savepoints: `value` in one that is within another, value + 1 in the outer one,
  /// value
  /// + 2 in one by hand that is left open, and value + 3 in one that is rolled back.
  Task<long> write_in_savepoints = app.task<long>("write_in_savepoints", {.max_retries = 0});
  Task<long> ask_for_rollback = app.task<long>("ask_for_rollback", {.max_retries = 0});
  Task<long> hook_throws = app.task<long>("hook_throws", {.backoff = fixed(kShortBackoff)});
  /// Fails with this SQLSTATE as long as the sequence `tries` is at most `times`.
  Task<long, std::string, long> conflict =
      app.task<long, std::string, long>("conflict", {.max_retries = 1, .backoff = fixed(kShortBackoff)});
  /// Has the server end the session of its transaction in this way, as long as the sequence `tries` is at
  /// most `times`: see lose_session().
  Task<long, std::string, long> lose_session =
      app.task<long, std::string, long>("lose_session", {.backoff = fixed(kShortBackoff)});
  /// Locks two rows of orders, in this order, and both only once another job has locked one.
  Task<long, long> cross = app.task<long, long>("cross", {.max_retries = 0});
  /// Enqueues insert(value), in this way.
  Task<long, std::string> parent =
      app.task<long, std::string>("parent", {.max_retries = 2, .backoff = fixed(kShortBackoff)});
  Task<long> without_transaction = app.task<long>("without_transaction", {.transactional = false});
  Task<long> leave_manual_mode =
      app.task<long>("leave_manual_mode", {.max_retries = 0, .transactional = false});
  Task<long> leave_block = app.task<long>("leave_block", {.max_retries = 0, .transactional = false});

  // --- Jobs that run together
  /// Up to 10.  Notes with how many each runs, and for which tenant; "throws", "tells progress", "aborts" or
  /// "waits" for a lock that the test holds, once all of them have their effect.
  Task<long, std::string, long> together =
      app.task<long, std::string, long>("together", {.max_retries = 0, .backoff = fixed(kShortBackoff)});

  // --- Limits.  Each notes "ended" as the last thing it does, and has its key in its second argument.
  /// One of a key at once; sleeps in SQL.
  Task<long, std::string, double> one_of_a_key = app.task<long, std::string, double>(
      "one_of_a_key", {.max_retries = 0, .limits = {Concurrency{.per_key = true}}, .limit_key = "/1"});
  /// The same; waits for a lock that the test holds.
  Task<long, std::string, long> hold_a_key = app.task<long, std::string, long>(
      "hold_a_key", {.max_retries = 0, .limits = {Concurrency{.per_key = true}}, .limit_key = "/1"});
  /// One of all at once, and its keys take turns.
  Task<long, std::string, long> one_of_all = app.task<long, std::string, long>(
      "one_of_all", {.max_retries = 0, .limits = {Concurrency{}}, .limit_key = "/1"});
  /// Ten a second.
  Task<long, std::string, long> ten_a_second = app.task<long, std::string, long>(
      "ten_a_second", {.max_retries = 0, .limits = {Rate{.most = 10}}, .limit_key = "/1"});

  // --- What tasks return and tell
  /// Logs 120 lines; gives "answer 1" where its value is 1, or ends in this way: see answer().
  ResultTask<std::string, long, std::string> answer =
      app.task<std::string(long, std::string)>("answer", {.max_retries = 0});
  /// Waits for a lock that the test holds.
  ResultTask<void, long, long> wait_and_end = app.task<void(long, long)>("wait_and_end");
  /// Says at each of 100,000 steps how far it has got, then waits for the lock; fails where its value is
  /// below 0.
  Task<long, long> tell_progress = app.task<long, long>("tell_progress", {.max_retries = 0});

  // --- Flows
  /// Does what its script says, "step a;sleep b 100;step c", or the row `value` of the table script: see
  /// test_tasks_flows.cpp.
  FlowTask<long, std::string> flow =
      app.flow<long, std::string>("flow", {.max_retries = 2, .backoff = fixed(kShortBackoff)});

  // --- Plans
  /// Leaves the effect of the sum, and returns it.
  ResultTask<long, long, long> plus = app.task<long(long, long)>("plus", {.max_retries = 0});
  Task<std::vector<long>> total = app.task<std::vector<long>>("total");  ///< leaves the effect of the sum
  FlowTask<Plan> plans = app.plan("plans", {.max_retries = 2, .backoff = fixed(kShortBackoff)});

  // --- Tasks that take their time
  /// Waits for a lock that the test holds.
  Task<long, long> wait_for_lock = app.task<long, long>("wait_for_lock");
  /// Stops its process first, which so keeps what it has fetched until the test sends SIGCONT.
  Task<long, long> stop_and_wait_for_lock = app.task<long, long>("stop_and_wait_for_lock");
  Task<long, double> sleep_in_sql = app.task<long, double>("sleep_in_sql");
  Task<long, double> sleep_in_cpp = app.task<long, double>("sleep_in_cpp");
  /// Its hook never returns; it runs after the commit.
  Task<long> hang_in_hook = app.task<long>("hang_in_hook");
  /// Until the worker's patience has ended, or it is asked to stop.
  Task<long> wait_for_stop = app.task<long>("wait_for_stop");
  /// Runs statements until one throws SoftTimeLimitExceeded; notes that by one more, and returns.
  Task<long> clean_up = app.task<long>("clean_up", {.max_retries = 0, .time_limit = std::chrono::minutes{1}});
  /// Sleeps in SQL, and returns whatever that throws.
  Task<long, double> swallow_all =
      app.task<long, double>("swallow_all", {.max_retries = 0, .time_limit = std::chrono::milliseconds{500}});
  /// Sleeps in a statement that commits by itself.
  Task<long, double> sleep_alone =
      app.task<long, double>("sleep_alone", {.max_retries = 0, .transactional = false});
  /// Computes for ever in so many first attempts.
  Task<long, int> spin = app.task<long, int>(
      "spin", {.backoff = fixed(kShortBackoff), .time_limit = std::chrono::milliseconds{500}});

  // --- What tasks do to their process
  /// Brings it down, in this way: see bring_down().
  Task<long, std::string> crash =
      app.task<long, std::string>("crash", {.max_retries = 0, .backoff = fixed(kShortBackoff)});
  /// The same, as long as the sequence `tries` is at most `times`.
  Task<long, std::string, long> crash_at_first =
      app.task<long, std::string, long>("crash_at_first", {.backoff = fixed(kShortBackoff)});
  /// Changes, in this way, what all threads share, and returns: see meddle().
  Task<long, std::string> meddle = app.task<long, std::string>("meddle", {.max_retries = 0});
  /// Forks a child that goes on in this way: see fork_child().
  Task<long, std::string> fork = app.task<long, std::string>("fork", {.max_retries = 0});
  Task<long, std::string> fork_without_transaction =
      app.task<long, std::string>("fork_without_transaction", {.max_retries = 0, .transactional = false});
};

/// Of an app that has two databases: its transactions run on "reports".
inline Task<long> declare_report(App& app) { return app.task<long>("report", {.database = "reports"}); }

/// Known to the library of test_tasks_later.cpp alone.
inline Task<long> declare_later(App& app) { return app.task<long>("later"); }

}  // namespace aftercommit::support
