/// The library of an app with periodic tasks.
#include <chrono>

#include "aftercommit/worker.hpp"
#include "support/programs/periodic_tasks.hpp"

namespace aftercommit::support {
namespace {

App app{"tests"};
const PeriodicTasks tasks{app};

}  // namespace
}  // namespace aftercommit::support

AFTERCOMMIT_TASK_LIBRARY(aftercommit::support::app) {
  using namespace aftercommit;
  support::tasks.mark.run([](Job& job, long /*value*/) {
    const auto tick = std::chrono::duration_cast<std::chrono::seconds>(job.tick().value().time_since_epoch());
    job.transaction().exec("INSERT INTO effect(job_id, value, attempt) VALUES ($1, $2, $3)", job.id(),
                           tick.count(), job.attempt());
  });
}
