/// `aftercommit flow`: what it tells of a flow at each place of its way.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class CliFlow : public support::FlowTest {
 protected:
  CliFlow() : FlowTest{"none"} {}

  support::End run(std::vector<std::string> arguments) {
    return support::run_cli(
        std::move(arguments),
        {{"REDIS_URL", "none"}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}});
  }
  nlohmann::json told(const JobId& flow, const std::string& option = "--json") {
    return nlohmann::json::parse(run({"flow", flow.str(), "--json", option}).output);
  }
  bool eventually_state(const JobId& flow, const std::string& state) {
    return eventually([&] { return told(flow).at("state") == state; });
  }
};

TEST_F(CliFlow, TellsWhatItHasDoneAndWhatItWaitsFor) {
  start_worker();
  const auto flow = begin(1, "step a;sleep nap 10;event approved;step b");
  EXPECT_TRUE(eventually_state(flow, "waits"));
  auto story = told(flow);
  EXPECT_EQ(story.at("flow"), "flow");
  EXPECT_EQ(story.at("steps").size(), 2U);
  EXPECT_EQ(story.at("steps").at(0).at("name"), "a");
  EXPECT_FALSE(story.at("steps").at(0).contains("value")) << "only when asked";
  EXPECT_EQ(told(flow, "--results").at("steps").at(0).at("value"), (nlohmann::json{101}));
  EXPECT_EQ(story.at("events").at(0).at("name"), "approved");
  EXPECT_EQ(story.at("events").at(0).at("given"), false);
  const auto text = run({"flow", flow.str()});
  EXPECT_EQ(text.exit_code, 0) << text.error;
  EXPECT_THAT(text.output, AllOf(HasSubstr("state         waits"), HasSubstr("waits for     approved"),
                                 HasSubstr("step"), Not(HasSubstr("101"))));
  EXPECT_THAT(run({"flow", flow.str(), "--results"}).output, HasSubstr("[101]"));
  app.signal(flow, "approved", "yes");
  EXPECT_TRUE(eventually_state(flow, "done"));
  story = told(flow);
  EXPECT_EQ(story.at("steps").size(), 4U);
  EXPECT_FALSE(story.at("ended_at").is_null());
}

TEST_F(CliFlow, TellsThatItWaitsForJobs) {
  start_worker();
  support::HeldLock lock{database_url, lock_key};
  const auto flow = begin(1, "step a;locked letters " + std::to_string(lock_key) + ";step b");
  EXPECT_TRUE(eventually_state(flow, "waits"));
  const auto story = told(flow);
  EXPECT_TRUE(story.at("due_at").is_null()) << "it waits for as long as they take";
  EXPECT_EQ(story.at("steps").at(1).at("kind"), "children");
  EXPECT_TRUE(story.at("steps").at(1).at("done_at").is_null());
  EXPECT_THAT(run({"flow", flow.str()}).output,
              AllOf(HasSubstr("state         waits\n"), HasSubstr("waits for     jobs of 'letters'\n"),
                    HasSubstr("not yet")));
  lock.release();
  EXPECT_TRUE(eventually_state(flow, "done"));
  EXPECT_THAT(run({"flow", flow.str()}).output, Not(HasSubstr("waits for")));
}

TEST_F(CliFlow, TellsWhyItSleepsDiedOrWillNotGoOn) {
  start_worker();
  const auto sleeps = begin(1, "sleep night 3600000");
  EXPECT_TRUE(eventually_state(sleeps, "sleeps"));
  EXPECT_FALSE(told(sleeps).at("due_at").is_null());
  const auto dead = begin(2, "step a;fail b 100");
  EXPECT_TRUE(eventually_state(dead, "dead"));
  EXPECT_EQ(told(dead).at("error"), "b failed");
  EXPECT_TRUE(eventually([&] { return run({"cancel", sleeps.str()}).exit_code == 0; }));
  EXPECT_TRUE(eventually_state(sleeps, "cancelled"));
  EXPECT_EQ(run({"dead", "delete", dead.str()}).exit_code, 0);
  EXPECT_EQ(told(dead).at("state"), "gone");
}

TEST_F(CliFlow, KnowsNoneThatIsNoFlow) {
  const auto end = run({"flow", JobId::generate().str()});
  EXPECT_EQ(end.exit_code, 1);
  EXPECT_THAT(end.error, HasSubstr("nobody knows a flow"));
  EXPECT_NE(run({"flow", "x"}).exit_code, 0);
}

}  // namespace
}  // namespace aftercommit
