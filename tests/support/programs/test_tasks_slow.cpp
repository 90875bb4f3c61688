/// Test tasks that take their time.
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <exception>
#include <mutex>
#include <thread>

#include "aftercommit/log.hpp"
#include "support/eventually.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

void wait_for_stop(Job& job, long value) {
  begin(job, value);
  if (!eventually([&] { return job.stop_requested(); })) throw DeliberateFailure{"nobody asked to stop"};
  throw DeliberateFailure{"returning early"};
}

void clean_up(Job& job, long value) {
  begin(job, value);
  try {
    while (true) job.transaction().exec("SELECT pg_sleep(0.01)");
  } catch (const SoftTimeLimitExceeded&) {
    if (!job.stop_requested()) throw DeliberateFailure{"nobody asked to stop"};
    begin(job, value + 1);
  }
}

void spin(Job& job, long value, int attempts) {
  begin(job, value);
  for (volatile unsigned rounds = 0; job.attempt() <= attempts;) rounds = rounds + 1;
}

}  // namespace

void hang() {
  std::mutex mutex;
  std::unique_lock lock{mutex};
  std::condition_variable never;
  never.wait(lock, [] { return false; });
}

void define_slow_tasks() {
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
  tasks.clean_up.run(clean_up);
  tasks.swallow_all.run([](Job& job, long value, double seconds) {
    begin(job, value);
    try {
      job.transaction().exec("SELECT pg_sleep($1)", seconds);
    } catch (const std::exception& error) {
      log(LogLevel::kInfo, "swallowed", {{"error", error.what()}});
    }
  });
  tasks.sleep_alone.run([](Job& /*job*/, long /*value*/, double seconds) {
    app.database().exec("SELECT pg_sleep($1)", seconds);
  });
  tasks.spin.run(spin);
}

}  // namespace aftercommit::support
