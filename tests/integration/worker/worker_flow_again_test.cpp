/// Flows that are run again from a step on, and what is seen of those and of others on their way back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class FlowAgain : public support::FlowTest {
 protected:
  FlowAgain() : FlowTest{"none"} {}

  support::End run(std::vector<std::string> arguments) {
    return support::run_cli(std::move(arguments), {{"REDIS_URL", "none"},
                                                   {"DATABASE_URL", database_url},
                                                   {"AFTERCOMMIT_SCHEMA", schema.name()},
                                                   {"USER", "ada"}});
  }
  nlohmann::json told(const JobId& flow) {
    return nlohmann::json::parse(run({"flow", flow.str(), "--json", "--results"}).output);
  }
  bool eventually_state(const JobId& flow, const std::string& state) {
    return eventually([&] { return told(flow).at("state") == state; });
  }
  JobId again(const JobId& flow, const std::string& step, std::vector<std::string> more = {}) {
    more.insert(more.begin(), {"flow", flow.str(), "--json", "--again-from", step});
    const auto end = run(std::move(more));
    EXPECT_EQ(end.exit_code, 0) << end.error;
    return JobId::parse(nlohmann::json::parse(end.output).at("id").get<std::string>()).value();
  }
  /// What it is refused for.
  std::string refused(const JobId& flow, const std::string& step) {
    const auto end = run({"flow", flow.str(), "--again-from", step});
    EXPECT_EQ(end.exit_code, 2) << end.output;
    return end.error;
  }
};

TEST_F(FlowAgain, FromAStepOnHasWhatTheOtherHadDoneBeforeItAndIsAnotherFlow) {
  start_worker();
  const auto flow = begin(1, "step a;version v;parts p 0;event go;step b;step c");
  app.signal(flow, "go", "on");
  EXPECT_TRUE(eventually_ended(flow)) << workers.back().log();
  change_code(1, "step a;version v;parts p 0;event go;step better;step c");
  const auto next = again(flow, "b", {"--note", "b was wrong"});
  EXPECT_TRUE(eventually_ended(next)) << workers.back().log();
  EXPECT_THAT(effects_in_order(),
              ElementsAre(101, 103'001, 103'002, 103'003, 103'004, 103'005, 105, 106, 105, 106))
      << "what was done before stays, and is not done again";
  EXPECT_THAT(steps(next), ElementsAre("step a [101]", "version v", "pages p 5", "event go \"on\"",
                                       "step better [105]", "step c [106]"));
  auto story = told(next);
  EXPECT_EQ(story.at("again").at("of"), flow.str());
  EXPECT_EQ(story.at("again").at("from"), "b");
  EXPECT_EQ(story.at("again").at("by"), "ada");
  EXPECT_EQ(story.at("again").at("note"), "b was wrong");
  EXPECT_EQ(told(flow).at("again_as"), (nlohmann::json{next.str()}));
  EXPECT_THAT(
      run({"flow", next.str()}).output,
      AllOf(HasSubstr("again from    'b' of " + flow.str() + ", by ada, as "), HasSubstr(": b was wrong")));
  EXPECT_THAT(run({"flow", flow.str()}).output, HasSubstr("again as      " + next.str()));
}

TEST_F(FlowAgain, OfADeadFlowAndOfOneThatWaitsTakesTheirArgumentsAndSaysThatTheLatterGoesOn) {
  start_worker();
  const auto dead = begin(1, "step a;step b;fail c 100");
  EXPECT_TRUE(eventually_state(dead, "dead"));
  change_code(1, "step a;step b;step c");
  const auto first = again(dead, "a");
  EXPECT_TRUE(eventually_ended(first));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 101, 102, 103));
  EXPECT_TRUE(eventually_state(dead, "dead")) << "it is as it was";
  const auto waits = begin(2, "step a;event go");
  EXPECT_TRUE(eventually_state(waits, "waits"));
  const auto end = run({"flow", waits.str(), "--again-from", "a"});
  EXPECT_EQ(end.exit_code, 0);
  EXPECT_THAT(end.error, HasSubstr("`aftercommit cancel " + waits.str() + "`"));
  EXPECT_TRUE(eventually([&] { return effects().size() == 7; }));
}

TEST_F(FlowAgain, IsRefusedForWhatCannotBe) {
  start_worker();
  const auto flow = begin(1, "step a;step b");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(refused(flow, "c"), HasSubstr("it has come to no such step, but to 'a', 'b'"));
  const auto undone = begin(2, "step a;undo back_a 0;step b;reject c");
  EXPECT_TRUE(eventually_state(undone, "undone"));
  EXPECT_THAT(refused(undone, "b"), HasSubstr("run it again from its first step, 'a'"));
  const auto cancelled = begin(3, "step a;event go");
  EXPECT_TRUE(eventually([&] { return waits_for(cancelled, "go"); }));
  EXPECT_TRUE(eventually([&] { return app.cancel(cancelled) != Cancelled::kRunning; }));
  EXPECT_THAT(refused(cancelled, "a"), HasSubstr("it was cancelled"));
  EXPECT_EQ(run({"flow", JobId::generate().str(), "--again-from", "a"}).exit_code, 1);
  EXPECT_EQ(run({"flow", flow.str(), "--note", "why"}).exit_code, 2);
  EXPECT_EQ(run({"flow", flow.str(), "--again-from", ""}).exit_code, 2);
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 201, 203, -202, 301)) << "nothing more was done";
  change_code(2, "step a;undo back_a 0;step b");
  EXPECT_TRUE(eventually_ended(again(undone, "a"))) << "from its first step it can be";
}

TEST_F(FlowAgain, AndWhatIsUndoneOrHasMorePagesIsSeen) {
  start_worker();
  const auto flow = begin(1, "step a;undo back_a 0;step b;undo back_b 100;parts p 100");
  EXPECT_TRUE(eventually_state(flow, "dead"));
  auto story = told(flow);
  EXPECT_EQ(story.at("undos_left"), (nlohmann::json{"back_b", "back_a"}));
  EXPECT_EQ(story.at("steps").at(2).at("kind"), "pages");
  EXPECT_EQ(story.at("steps").at(2).at("count"), 2);
  EXPECT_EQ(story.at("steps").at(3).at("kind"), "failure");
  EXPECT_THAT(run({"flow", flow.str()}).output,
              AllOf(HasSubstr("to undo       back_b\n"), HasSubstr("to undo       back_a\n"),
                    HasSubstr("not yet, 2 so far"), HasSubstr("undo 'back_b' has failed")));
  change_code(1, "step a;undo back_a 0;step b;undo back_b 0;parts p 100");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_state(flow, "undone"));
  EXPECT_THAT(told(flow).at("undos_left"), IsEmpty());
  EXPECT_THAT(run({"flow", flow.str()}).output,
              AllOf(HasSubstr("state         undone\n"), Not(HasSubstr("to undo"))));
  support::HeldLock lock{database_url, lock_key};
  const auto held = begin(2, "step a;undo_locked back_a " + std::to_string(lock_key) + ";reject b");
  EXPECT_TRUE(eventually_state(held, "undoing"));
  EXPECT_EQ(told(held).at("error"), "b is refused");
  lock.release();
  EXPECT_TRUE(eventually_state(held, "undone"));
}

}  // namespace
}  // namespace aftercommit
