/// What the test tasks do with their transaction, and which jobs they ask for in it.
#include <chrono>
#include <exception>
#include <optional>
#include <string>

#include "support/eventually.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

void lock_order(Job& job, long id) {
  job.transaction().exec("SELECT FROM orders WHERE id = $1 FOR UPDATE", id);
}

void cross(Job& job, long first, long second) {
  begin(job, first);
  lock_order(job, first);
  note(job, "holds one");
  const bool both =
      eventually([] { return journal().exec("SELECT FROM journal WHERE note = 'holds one'").size() >= 2; });
  if (!both) throw DeliberateFailure{"the other job did not come"};
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
  if (!gone) throw DeliberateFailure{"the session lives on"};
  if (how.ends_with("uses it")) tx.exec("SELECT 1");
  if (how.ends_with("hides it")) {
    try {
      tx.exec("SELECT 1");
    } catch (const std::exception&) {
      throw DeliberateFailure{"something else"};
    }
  }
}

void write_in_savepoints(long value) {
  auto& database = app.database();
  const auto add = [&](long id) { database.exec("INSERT INTO orders VALUES ($1)", id); };
  database.atomic([&] {
    database.atomic([&] { add(value); });
    add(value + 1);
  });
  try {
    database.atomic([&] {
      database.atomic([&] { add(value + 3); });
      throw DeliberateFailure{"the savepoint rolls back"};
    });
  } catch (const DeliberateFailure&) {
    database.atomic({.read_only = true}, [&] { database.exec("SELECT FROM orders"); });
  }
  database.savepoint();
  add(value + 2);
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
          throw DeliberateFailure{"the savepoint rolls back"};
        });
      } catch (const DeliberateFailure&) {
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
    throw DeliberateFailure{"rolled back, but the child was sent"};
  }
  tasks.insert.delay(value + 1);
  if (how == "then throw" || (how == "then throw once" && job.attempt() == 1))
    throw DeliberateFailure{"after enqueueing"};
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

}  // namespace

void define_transaction_tasks() {
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
  tasks.write_in_savepoints.run([](Job& job, long value) {
    begin(job, value);
    write_in_savepoints(value);
  });
  tasks.ask_for_rollback.run([](Job& job, long value) {
    begin(job, value);
    job.transaction().set_rollback(true);
  });
  tasks.hook_throws.run([](Job& job, long value) {
    begin(job, value);
    job.transaction().on_commit([] { throw DeliberateFailure{"the hook\nfailed"}; });
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
}

}  // namespace aftercommit::support
