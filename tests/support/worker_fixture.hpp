/// A test with real workers: an app of its own that enqueues, a schema and a key prefix that nobody else
/// uses.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/broker.hpp"
#include "broker/dead_letter.hpp"
#include "client/job_table.hpp"
#include "support/eventually.hpp"
#include "support/servers.hpp"
#include "support/test_tasks.hpp"
#include "support/worker_process.hpp"

namespace aftercommit::support {

/// One line of the journal: an attempt as its task saw it, rolled back or not.
struct Note {
  std::string job_id;
  std::string task;
  int attempt;
  std::string text;
  double at;  ///< seconds, by the database's clock
};

class WorkerTest : public ::testing::Test {
 protected:
  /// `redis`: elsewhere than usual, for tests that stop theirs.
  explicit WorkerTest(std::string redis = fresh_redis_url());
  ~WorkerTest() override;

  struct Start {
    std::vector<std::string> options{};  ///< besides --redis, --database, and a log in JSON
    std::string library = AFTERCOMMIT_TEST_TASKS;
    std::map<std::string, std::string> environment{};
    bool wait = true;  ///< until it has started
  };
  /// Lives until the end of the test, and is killed there.
  WorkerProcess& start_worker(Start start);
  WorkerProcess& start_worker(std::vector<std::string> options = {}) {
    return start_worker(Start{.options = std::move(options)});
  }

  /// The values whose task has committed, sorted.
  std::vector<long> effects();
  /// The same in the order in which the tasks ran.
  std::vector<long> effects_in_order();
  bool eventually_effects(const std::vector<long>& expected) {
    return eventually([&] { return effects() == expected; });
  }
  /// The journal, in its order; of one job.
  std::vector<Note> notes();
  std::vector<Note> notes(const JobId& job);
  /// How often a job has started, successful or not.
  std::size_t starts(const JobId& job);
  std::size_t starts();
  double database_time();  ///< as Note::at

  /// Waits until so many jobs are dead, durable or not; what they left, the newest first.  Fails the test if
  /// they do not come or cannot be read.
  std::vector<DeadLetter> eventually_dead(std::size_t count, const Queue& queue = "default");
  /// Waits until nobody holds a job of this queue and none waits, delayed ones included; dead letters do not
  /// count.
  bool eventually_empty(const Queue& queue = "default");
  /// Puts a payload there as another producer would.
  void enqueue_raw(const std::string& payload, const Queue& queue = "default");

  Schema schema;
  const std::string redis_url;
  const std::string database_url = schema.url(schema.name());
  App app{
      "tests",
      {.redis_url = redis_url, .databases = {{"default", {.url = database_url, .schema = schema.name()}}}}};
  detail::JobTable table{app.database()};
  TestTasks tasks{app};
  /// For advisory locks, which all tests share; it and the next hundred are this test's own.
  const long lock_key =
      static_cast<long>(std::hash<std::string>{}(schema.name()) % 1'000'000'000'000'000) * 100;
  const std::unique_ptr<Broker> broker = make_broker(redis_url);
  std::list<WorkerProcess> workers;
};

/// Holds an advisory lock until released or destroyed, so that tasks wait for the test.
class HeldLock {
 public:
  HeldLock(const std::string& database_url, long key);
  ~HeldLock();
  HeldLock(const HeldLock&) = delete;
  HeldLock& operator=(const HeldLock&) = delete;

  void release();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace aftercommit::support
