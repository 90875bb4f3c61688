// What a worker says of itself with each heartbeat.
#include <gmock/gmock.h>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::eventually;

class WorkerReport : public support::WorkerTest {
 protected:
  /// Of the one worker; null where it has said nothing.
  json report() {
    const auto found = broker->workers("default");
    if (found.size() != 1 || found[0].report.empty()) return nullptr;
    return json::parse(found[0].report);
  }
};

TEST_F(WorkerReport, NamesTheJobsThatRunWithoutTheirArguments) {
  support::HeldLock lock{database_url, lock_key};
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  auto& worker = start_worker({"--heartbeat", "0.1", "--processes", "0", "--concurrency", "3"});
  ASSERT_TRUE(eventually([&] {
    const auto said = report();
    return !said.is_null() && said.at("running") == 1;
  }));
  const auto said = report();
  EXPECT_EQ(said.at("pid"), worker.id());
  EXPECT_EQ(said.at("concurrency"), 3);
  EXPECT_EQ(said.at("queues"), json::parse(R"(["default"])"));
  EXPECT_LE(said.at("since"), said.at("at"));
  ASSERT_EQ(said.at("jobs").size(), 1U);
  EXPECT_EQ(said.at("jobs").at(0).at("id"), job.str());
  EXPECT_EQ(said.at("jobs").at(0).at("task"), "wait_for_lock");
  EXPECT_FALSE(said.at("jobs").at(0).contains("args"));
  lock.release();
  EXPECT_TRUE(eventually([&] { return report().at("running") == 0; }));
}

}  // namespace
}  // namespace aftercommit
