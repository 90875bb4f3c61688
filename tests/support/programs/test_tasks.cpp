/// The library of the test tasks, which real workers load.  The bodies stand beside it, by subject.
#include "support/programs/test_tasks.hpp"

#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "aftercommit/log.hpp"
#include "aftercommit/worker.hpp"
#include "support/programs/test_task_bodies.hpp"

namespace aftercommit::support {
namespace {

std::size_t payload_limit() {
  const char* const limit = std::getenv("TEST_TASKS_PAYLOAD_LIMIT");
  return limit != nullptr ? std::stoul(limit) : defaults::kPayloadLimit;
}

}  // namespace

App app{"tests", {.payload_limit = payload_limit()}};
const TestTasks tasks{app};

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

}  // namespace aftercommit::support

AFTERCOMMIT_TASK_LIBRARY(aftercommit::support::app) {
  using namespace aftercommit;
  using namespace aftercommit::support;

  if (std::getenv("TEST_TASKS_THROW") != nullptr) throw DeliberateFailure{"the library cannot set itself up"};
  if (std::getenv("TEST_TASKS_START_A_THREAD") != nullptr) std::thread{hang}.detach();

  tasks.insert.run(begin);
  tasks.read_order.run([](Job& job, long id) {
    begin(job, id);
    if (job.transaction().exec("SELECT FROM orders WHERE id = $1", id).empty())
      throw DeliberateFailure{"there is no such order"};
  });
  tasks.two.run([](Job& job, long value, const std::string& /*text*/) { begin(job, value); });
  tasks.unreadable.run([](const Unreadable& /*value*/) {});
  tasks.numbers.run([](const std::vector<int>& /*values*/) {});

  tasks.say.run([](Job& job, long value) {
    begin(job, value);
    log(LogLevel::kInfo, "a line of the task", {{"value", value}});
    job.transaction().on_commit([] { log(LogLevel::kInfo, "a line of its hook"); });
  });

  define_batch_tasks();
  define_dying_tasks();
  define_failing_tasks();
  define_flow_tasks();
  define_limit_tasks();
  define_middleware_tasks();
  define_result_tasks();
  define_transaction_tasks();
  define_slow_tasks();
  define_process_tasks();
}
