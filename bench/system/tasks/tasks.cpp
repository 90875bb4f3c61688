#include "bench/system/tasks/tasks.hpp"

#include <chrono>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <tuple>

#include "aftercommit/worker.hpp"
#include "bench/system/tasks/report.hpp"
#include "bench/system/tasks/trace.hpp"

namespace aftercommit::bench {
namespace {

constexpr std::size_t kConnections = 16;  // for as many clients

/// One statement for all of them.
void insert_all(Job& batch, std::span<const BatchCall<std::int64_t, std::string>> calls) {
  std::string ids = "{";
  std::string names = "{";  // of letters alone
  for (const auto& call : calls) {
    const auto& [id, name] = call.args;
    const auto* const separator = ids.size() > 1 ? "," : "";
    ids.append(separator).append(std::to_string(id));
    names.append(separator).append(name);
  }
  batch.transaction().exec(
      "INSERT INTO bench_effect(id, name) SELECT id, name FROM unnest($1::bigint[], $2::text[]) AS given(id, "
      "name)",
      ids + "}", names + "}");
  for (const auto& call : calls) {
    const NotedRun noted{std::get<0>(call.args)};
    RunReport{}.note();
  }
}

bool with_limits() { return std::getenv("BENCH_LIMITS") != nullptr; }

TaskOptions with_rate() {
  if (!with_limits()) return {};
  return {.limits = {Rate{.most = kRateASecond}}};
}

TaskOptions with_key() {
  if (!with_limits()) return {};
  return {.limits = {Concurrency{.per_key = true}}, .limit_key = "/1"};
}

TaskOptions without_database() { return {.delivery = Delivery::kImmediate, .transactional = false}; }

}  // namespace

Tasks::Tasks(App& app)
    : noop{app.task<std::int64_t, std::string>("noop", without_database())},
      stamp{app.task<std::int64_t, std::string>("stamp", without_database())},
      insert{app.task<std::int64_t, std::string>("insert")},
      insert_batch{app.task<std::int64_t, std::string>("insert_batch")},
      slow{app.task<std::int64_t, std::string>("slow", without_database())},
      ten_a_second{app.task<std::int64_t, std::string>("ten_a_second", with_rate())},
      one_of_a_key{app.task<std::int64_t, std::string>("one_of_a_key", with_key())} {}

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
  tasks().insert_batch.run_batch(insert_all);
  tasks().slow.run([](std::int64_t number, const std::string&) {
    const NotedRun noted{number};
    std::this_thread::sleep_for(std::chrono::seconds{1});
  });
  tasks().ten_a_second.run([](std::int64_t number, const std::string&) { const NotedRun noted{number}; });
  tasks().one_of_a_key.run([](std::int64_t number, const std::string&) {
    const NotedRun noted{number};
    std::this_thread::sleep_for(std::chrono::milliseconds{200});
  });
}
