/// Flows whose code has changed while they run; and what becomes of their rows.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>

#include "client/flows/flow_rows.hpp"
#include "support/fixtures/flow_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class FlowCode : public support::FlowTest {
 protected:
  FlowCode() : FlowTest{"none"} {}

  /// Runs a flow of one script up to where it waits, and goes on with another.
  JobId changed(const std::string& before, const std::string& after) {
    const auto flow = begin(1, before);
    EXPECT_TRUE(eventually([&] { return waits_for(flow, "go"); }));
    change_code(1, after);
    app.signal(flow, "go", "on");
    return flow;
  }
  std::string death() { return eventually_dead(1).at(0).reason; }
};

TEST_F(FlowCode, ThatAsksForAnotherStepThanWasDoneIsAKeptErrorAtOnce) {
  start_worker();
  const auto flow = changed("step a;step b;event go;step c", "step a;step other;event go;step c");
  EXPECT_THAT(death(), AllOf(HasSubstr("has done step 'b' here"), HasSubstr("now asks for step 'other'")));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102)) << "nothing new was done";
  change_code(1, "step a;step b;event go;step c");
  EXPECT_TRUE(table.revive(flow));
  EXPECT_TRUE(eventually_ended(flow)) << "with the code of before it goes on";
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 102, 104));
}

TEST_F(FlowCode, ThatAsksForAnotherKindOfThingIsAKeptError) {
  start_worker();
  changed("step a;event go;step c", "call a;event go;step c");
  EXPECT_THAT(death(), HasSubstr("now asks for external 'a'"));
}

TEST_F(FlowCode, ThatEndsBeforeWhatWasDoneIsAKeptError) {
  start_worker();
  changed("step a;step b;event go;step c", "step a");
  EXPECT_THAT(death(), HasSubstr("has ended before step 'b'"));
}

TEST_F(FlowCode, ThatCatchesEverythingDiesOfItsChangeAllTheSame) {
  start_worker();
  const auto flow = begin(1, "step a;caught_version a;step b");
  EXPECT_THAT(death(), HasSubstr("asks for 'a' twice"));
  EXPECT_THAT(texts(flow), Contains("caught a"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101)) << "nothing more was done";
}

TEST_F(FlowCode, ThatCatchesEverythingDiesOfAnAnswerThatItDoesNotTake) {
  start_worker();
  const auto flow = changed("step a;event go;step c", "text a;event go;step c");
  EXPECT_THAT(death(), HasSubstr("what is kept of 'a' is not what the code of the flow takes"));
  EXPECT_THAT(texts(flow), Contains("caught a"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101)) << "nothing more was done";
}

TEST_F(FlowCode, ThatOnlyAddsStepsBehindThoseThatWereDoneGoesOn) {
  start_worker();
  const auto flow = changed("step a;event go;step c", "step a;event go;step b;step c");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_THAT(effects_in_order(), ElementsAre(101, 103, 104));
}

TEST_F(FlowCode, ThatNamesTwoThingsAlikeIsAKeptError) {
  start_worker();
  begin(1, "step a;step a");
  EXPECT_THAT(death(), HasSubstr("asks for 'a' twice"));
  EXPECT_THAT(effects_in_order(), ElementsAre(101));
}

TEST_F(FlowCode, WithAVersionIsNewForFlowsThatComeThereAndOldForThoseThatHavePassed) {
  start_worker();
  const auto old = changed("step a;event go;step c", "version carrier;step a;event go;step c");
  EXPECT_TRUE(eventually_ended(old));
  EXPECT_THAT(texts(old), Contains("version carrier is old"));
  const auto fresh = begin(2, "step a;version carrier;version price;step b;event go;step c");
  EXPECT_TRUE(eventually([&] { return waits_for(fresh, "go"); }));
  app.signal(fresh, "go", "on");
  EXPECT_TRUE(eventually_ended(fresh));
  const auto told = texts(fresh);
  EXPECT_EQ(std::ranges::count(told, "version carrier is new"), 2) << "each time that it comes by";
  EXPECT_THAT(steps(fresh), ElementsAre("step a [201]", "version carrier", "version price", "step b [204]",
                                        "event go \"on\"", "step c [206]"));
}

TEST_F(FlowCode, WithoutAVersionThatTheFlowHasComeToIsAKeptError) {
  start_worker();
  changed("version carrier;step a;event go", "step a;event go");
  EXPECT_THAT(death(), HasSubstr("keep the call of version()"));
}

class FlowRows : public support::FlowTest {
 protected:
  FlowRows() : FlowTest{"none"} {}

  std::size_t rows(const std::string& table_name) {
    return app.database().exec(sql("SELECT FROM {schema}." + table_name)).size();
  }
};

TEST_F(FlowRows, AreForgottenOnceTheFlowHasEndedForSoLong) {
  start_worker();
  const auto flow = begin(1, "step a;event go;step c");
  app.signal(flow, "go", "on");
  EXPECT_TRUE(eventually_ended(flow));
  EXPECT_EQ(detail::purge_flows(app.database(), 1h), 0U);
  app.database().exec(sql("UPDATE {schema}.flow SET ended_at = ended_at - interval '2 hours'"));
  EXPECT_EQ(detail::purge_flows(app.database(), 1h), 1U);
  EXPECT_EQ(rows("flow") + rows("flow_step") + rows("flow_event"), 0U);
}

TEST_F(FlowRows, OfACancelledFlowAreForgottenToo) {
  start_worker();
  const auto cancelled = begin(1, "step a;event go");
  const auto goes_on = begin(2, "step a;event go");
  EXPECT_TRUE(eventually([&] { return waits_for(cancelled, "go") && waits_for(goes_on, "go"); }));
  EXPECT_TRUE(eventually([&] { return app.cancel(cancelled) != Cancelled::kRunning; }));
  std::optional<JobId> after;
  EXPECT_TRUE(detail::end_lost_flows(app.database(), after));
  EXPECT_FALSE(detail::end_lost_flows(app.database(), after));
  app.database().exec(sql("UPDATE {schema}.flow SET ended_at = ended_at - interval '2 hours'"));
  EXPECT_EQ(detail::purge_flows(app.database(), 1h), 1U);
  EXPECT_THAT(steps(cancelled), IsEmpty());
  EXPECT_THAT(steps(goes_on), ElementsAre("step a [201]"));
}

TEST_F(FlowRows, OfADeadFlowStayUntilItsLetterGoes) {
  start_worker();
  const auto flow = begin(1, "step a;fail b 100");
  eventually_dead(1);
  std::optional<JobId> after;
  detail::end_lost_flows(app.database(), after);
  app.database().exec(sql("UPDATE {schema}.flow SET ended_at = ended_at - interval '2 hours'"));
  EXPECT_EQ(detail::purge_flows(app.database(), 1h), 0U);
  EXPECT_THAT(steps(flow), ElementsAre("step a [101]"));
}

TEST_F(FlowRows, OfEventsThatNoFlowTookAreForgotten) {
  const auto flow = begin(1, "event go");
  app.signal(flow, "go", "on");
  app.signal(JobId::generate(), "go", "nowhere");
  EXPECT_EQ(detail::purge_events(app.database(), 1h), 0U);
  app.database().exec(sql("UPDATE {schema}.flow_event SET given_at = given_at - interval '2 hours'"));
  EXPECT_EQ(detail::purge_events(app.database(), 1h), 1U) << "that of the flow which has yet to begin stays";
}

TEST_F(FlowRows, AreNeitherReadNorWrittenByATaskThatIsNoFlow) {
  start_worker();
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(app.database()
                .exec(sql("SELECT FROM pg_stat_all_tables WHERE schemaname = $1 AND relname LIKE 'flow%' AND "
                          "n_tup_ins + n_tup_upd + n_tup_del > 0"),
                      schema.name())
                .size(),
            0U);
}

}  // namespace
}  // namespace aftercommit
