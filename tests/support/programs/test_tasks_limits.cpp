/// Test tasks that have limits.
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

void wait_for_lock_and_end(Job& job, long value, const std::string& /*key*/, long lock) {
  begin(job, value);
  job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", lock);
  note(job, "ended");
}

}  // namespace

void define_limit_tasks() {
  tasks.one_of_a_key.run([](Job& job, long value, const std::string& /*key*/, double seconds) {
    begin(job, value);
    job.transaction().exec("SELECT pg_sleep($1)", seconds);
    note(job, "ended");
  });
  tasks.hold_a_key.run(wait_for_lock_and_end);
  tasks.one_of_all.run(wait_for_lock_and_end);
  tasks.ten_a_second.run(wait_for_lock_and_end);
}

}  // namespace aftercommit::support
