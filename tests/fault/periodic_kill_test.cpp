/// Workers that are killed on the tick of a periodic task: it has one job all the same.
#include <gtest/gtest.h>

#include "fault/harness/fault_fixture.hpp"
#include "support/fixtures/periodic_table.hpp"
#include "support/fixtures/worker_fixture.hpp"
#include "support/programs/periodic_tasks.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::periodic_row;

class PeriodicTaskKilled : public support::WorkerTest, public ::testing::WithParamInterface<const char*> {};

TEST_P(PeriodicTaskKilled, OnItsTickHasOneJobAllTheSame) {
  support::PeriodicTasks{app};
  support::declare_periodic(app);
  support::set_next_back(app, "hourly", "0");
  const auto start = [&](const std::map<std::string, std::string>& environment) -> auto& {
    return start_worker(Start{.options = {"--processes", "0", "--lease", "1"},
                              .library = AFTERCOMMIT_TEST_TASKS_PERIODIC,
                              .environment = environment,
                              .wait = false});
  };
  auto& doomed = start({{"AFTERCOMMIT_FAIL_POINT", std::string{GetParam()} + ":kill"}});
  ASSERT_EQ(doomed.exit_code(), fault::kKilled) << doomed.log();
  start({});
  ASSERT_TRUE(eventually([&] { return !effects().empty(); }));
  EXPECT_TRUE(eventually_empty());
  const auto row = periodic_row(app, "hourly");
  EXPECT_EQ(effects(), std::vector<long>{row.last_tick.value().time_since_epoch().count()});
  EXPECT_GT(row.next_at.value(), row.now);
  EXPECT_EQ(app.database().exec("SELECT count(*) FROM job")[0][0].as<int>(), 0);
}

INSTANTIATE_TEST_SUITE_P(At, PeriodicTaskKilled,
                         ::testing::Values("periodic.before_commit", "periodic.after_commit"),
                         [](const auto& test) {
                           return std::string{test.param}.ends_with("before_commit")
                                      ? "TheEndOfItsTransaction"
                                      : "ItsCommit";
                         });

}  // namespace
}  // namespace aftercommit
