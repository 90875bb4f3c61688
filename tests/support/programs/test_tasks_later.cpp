/// The library as the next deploy brings it: it knows tasks that test_tasks.cpp does not, or has no body for.
#include "aftercommit/worker.hpp"
#include "support/programs/test_tasks.hpp"

namespace aftercommit::support {
namespace {

App app{"tests"};
const TestTasks tasks{app};
const auto later = declare_later(app);

void insert(Job& job, long value) {
  job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", job.id(), value,
                         job.attempt());
}

}  // namespace
}  // namespace aftercommit::support

AFTERCOMMIT_TASK_LIBRARY(aftercommit::support::app) {
  using namespace aftercommit::support;
  tasks.insert.run(insert);
  tasks.bodiless.run(insert);
  later.run(insert);
}
