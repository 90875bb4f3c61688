/// Calls of the outside by a flow that is not there any more.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>

#include "client/flows/flow_rows.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::Contains;
using ::testing::Not;

class FlowCall : public support::FlowTest {
 protected:
  /// Runs it to its end; what Redis had of it at its beginning.
  std::string copy_of_ended(const JobId& flow) {
    const auto copy = table.find(flow).value().envelope;
    start_worker();
    EXPECT_TRUE(eventually_ended(flow));
    return copy;
  }
  std::ptrdiff_t times(const JobId& flow, const std::string& text) {
    return std::ranges::count(texts(flow), text);
  }
};

TEST_F(FlowCall, IsNotMadeByAFlowThatWasCancelledInItsSleep) {
  start_worker();
  const auto flow = begin(1, "step a;sleep night 2000;call pay 0");
  ASSERT_TRUE(eventually([&] { return broker->counts("default").delayed == 1; })) << "Redis has its copy";
  EXPECT_EQ(app.cancel(flow), Cancelled::kDelayed);
  EXPECT_TRUE(eventually_empty()) << "the copy of its sleep has come and gone";
  EXPECT_EQ(times(flow, "begins"), 2) << "the copy came";
  EXPECT_THAT(texts(flow), Not(Contains("called pay")));
}

TEST_F(FlowCall, IsNotMadeByACopyOfAFlowThatEndedLongAgo) {
  const auto flow = begin(1, "call pay 0");
  const auto copy = copy_of_ended(flow);
  app.database().exec(sql("UPDATE {schema}.flow SET ended_at = ended_at - interval '2 hours'"));
  EXPECT_EQ(detail::purge_flows(app.database(), 1h), 1U);
  enqueue_raw(copy);
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(times(flow, "begins"), 2) << "the copy came";
  EXPECT_EQ(times(flow, "called pay"), 1);
}

TEST_F(FlowCall, IsNotAskedForByACopyOfAFlowThatIsGone) {
  const auto flow = begin(1, "call_with_probe pay 0");
  const auto copy = copy_of_ended(flow);
  app.database().exec(sql("UPDATE {schema}.flow_step SET done_at = NULL"));  // as if it were gone since then
  enqueue_raw(copy);
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(times(flow, "begins"), 2) << "the copy came";
  EXPECT_EQ(times(flow, "probed pay"), 0);
  EXPECT_EQ(times(flow, "called pay"), 1);
}

}  // namespace
}  // namespace aftercommit
