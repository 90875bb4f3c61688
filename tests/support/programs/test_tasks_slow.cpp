/// Test tasks that take their time.
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <thread>

#include "support/eventually.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

void wait_for_stop(Job& job, long value) {
  begin(job, value);
  if (!eventually([&] { return job.stop_requested(); })) throw DeliberateFailure{"nobody asked to stop"};
  throw DeliberateFailure{"returning early"};
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
}

}  // namespace aftercommit::support
