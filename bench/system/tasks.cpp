#include "bench/system/tasks.hpp"

#include <thread>

#include "aftercommit/worker.hpp"
#include "bench/system/report.hpp"
#include "bench/system/trace.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::size_t kConnections = 16;  // for as many clients

TaskOptions without_database() { return {.delivery = Delivery::kImmediate, .transactional = false}; }

}  // namespace

Tasks::Tasks(App& app)
    : noop{app.task<std::int64_t, std::string>("noop", without_database())},
      stamp{app.task<std::int64_t, std::string>("stamp", without_database())},
      insert{app.task<std::int64_t, std::string>("insert")},
      slow{app.task<std::int64_t, std::string>("slow", without_database())} {}

App& app() {
  static App app{"bench", {.databases = {{"default", {.pool_size = kConnections}}}}};
  return app;
}

const Tasks& tasks() {
  static const Tasks tasks{app()};
  return tasks;
}

}  // namespace aftercommit::bench

AFTERCOMMIT_TASK_LIBRARY(aftercommit::bench::app()) {
  using namespace aftercommit;
  using namespace aftercommit::bench;
  tasks().noop.run([](std::int64_t number, const std::string&) {
    const NotedRun noted{number};
    RunReport{}.note();
  });
  tasks().stamp.run(
      [](std::int64_t due_ns, const std::string&) { RunReport{}.note(monotonic_ns() - due_ns); });
  tasks().insert.run([](Job& job, std::int64_t id, const std::string& name) {
    const NotedRun noted{id};
    job.transaction().exec("INSERT INTO bench_effect(id, name) VALUES ($1, $2)", id, name);
    RunReport{}.note();
  });
  tasks().slow.run([](std::int64_t number, const std::string&) {
    const NotedRun noted{number};
    std::this_thread::sleep_for(std::chrono::seconds{1});
  });
}
