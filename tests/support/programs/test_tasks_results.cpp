/// What the test tasks return and tell.
#include <string>

#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

std::string answer(Job& job, long value, const std::string& how) {
  begin(job, value);
  for (int line = 1; line <= 120; ++line) job.log("line " + std::to_string(line));
  if (how == "throws") throw DeliberateFailure{"no answer"};
  if (how == "rolls back") job.transaction().set_rollback(true);
  if (how == "too large") return std::string(2 * defaults::kPayloadLimit, 'x');
  return "answer " + std::to_string(value);
}

void tell_progress(Job& job, long value, long key) {
  begin(job, value);
  constexpr long kSteps = 100'000;
  for (long step = 1; step <= kSteps; ++step) job.progress(step, kSteps, "caf\u00e9");
  job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
  if (value < 0) throw DeliberateFailure{"half way"};
}

}  // namespace

void define_result_tasks() {
  tasks.answer.run(answer);
  tasks.wait_and_end.run([](Job& job, long value, long key) {
    begin(job, value);
    job.transaction().exec("SELECT pg_advisory_xact_lock_shared($1)", key);
  });
  tasks.tell_progress.run(tell_progress);
}

}  // namespace aftercommit::support
