/// How test tasks put themselves off, and what their hooks do when a job of them dies.
#include <chrono>
#include <cstdlib>
#include <string>

#include "support/eventually.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

void fail_in_this_way(const std::string& how) {
  if (how == "reject") throw Reject{"there is no such customer"};
  if (how == "abort") std::abort();
  throw DeliberateFailure{"as always"};
}

/// Its effect is the negative of the job's, and a job of its own.
void mourn(Job& job, const FailedJob& failure, long value, const std::string& hook) {
  note(job, "died: " + failure.cause + ": " + failure.reason);
  job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", job.id(), -value,
                         failure.attempts);
  tasks.insert.delay(1000 + value);
  if (hook == "throw") throw DeliberateFailure{"the hook has failed"};
  if (hook == "return" || journal().exec("SELECT nextval('tries')")[0][0].as<long>() > 1) return;
  if (hook == "abort once") std::abort();
  const auto backend = job.transaction().exec("SELECT pg_backend_pid()")[0][0].as<long>();
  journal().exec("SELECT pg_terminate_backend($1::int)", backend);
  eventually(
      [&] { return journal().exec("SELECT FROM pg_stat_activity WHERE pid = $1::int", backend).empty(); });
  job.transaction().exec("SELECT 1");
}

}  // namespace

void define_dying_tasks() {
  tasks.nap.run([](Job& job, long value, long ms, long times) {
    begin(job, value);
    if (journal().exec("SELECT nextval('tries')")[0][0].as<long>() <= times)
      job.snooze(std::chrono::milliseconds{ms});
  });
  tasks.die.run([](Job& job, long value, const std::string& how, const std::string& /*hook*/) {
    begin(job, value);
    fail_in_this_way(how);
  });
  tasks.die.on_failure([](Job& job, const FailedJob& failure, long value, const std::string& /*how*/,
                          const std::string& hook) { mourn(job, failure, value, hook); });
}

}  // namespace aftercommit::support
