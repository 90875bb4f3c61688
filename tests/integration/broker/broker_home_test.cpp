/// What every broker says of whose a queue is.
#include "support/fixtures/every_broker.hpp"

namespace aftercommit {
namespace {

using Found = HomeFinding::Kind;
using namespace support::broker_words;

class BrokerHome : public support::EveryBroker {
 protected:
  std::vector<HomeFinding> claim(const HomeClaim& claim) { return broker->claim_home(claim, mail).at(0); }

  const HomeDatabase ours{"default", "token-1", "shop at db"};
  const HomeDatabase others{"default", "token-2", "staging at db"};
  const HomeDatabase original{"default", "token-1", "shop at db", "1/16384/aftercommit"};
  const HomeDatabase copy{"default", "token-1", "staging at db", "1/16385/aftercommit"};
};

INSTANTIATE_TEST_SUITE_P(Of, BrokerHome, support::kEveryBroker, support::broker_name);

TEST_P(BrokerHome, IsWhatTheFirstOneSaidUntilSomebodySaysOtherwise) {
  EXPECT_THAT(claim({.databases = {ours}, .app = "shop", .tasks = {"pay"}}), IsEmpty());
  EXPECT_THAT(claim({.databases = {ours}, .app = "shop", .tasks = {"pay"}}), IsEmpty());
  EXPECT_THAT(claim({.databases = {others}}),
              ElementsAre(HomeFinding{Found::kOtherDatabase, "default", "shop at db"}));
  EXPECT_THAT(claim({.databases = {ours}}), IsEmpty()) << "the other one has changed nothing";
}

TEST_P(BrokerHome, IsToldToWhoAsksAndIsNobodysBecauseOfThat) {
  EXPECT_THAT(broker->home_of("mail"), IsEmpty());
  claim({.databases = {original, {"reports", "token-2", "reports at db"}}, .app = "shop", .tasks = {"pay"}});
  const auto known = broker->home_of("mail");
  ASSERT_EQ(known.size(), 2U);
  EXPECT_EQ(known[0].alias, "default");
  EXPECT_EQ(known[0].token, "token-1");
  EXPECT_EQ(known[0].where, "shop at db");
  EXPECT_EQ(known[0].instance, "1/16384/aftercommit");
  EXPECT_EQ(known[1].alias, "reports");
  EXPECT_EQ(known[1].instance, "");
  EXPECT_THAT(broker->home_of("slow"), IsEmpty());
}

TEST_P(BrokerHome, IsAskedForEachAliasAndEachQueueByItself) {
  claim({.databases = {ours}});
  EXPECT_THAT(claim({.databases = {{"reports", "token-2", "reports at db"}}}), IsEmpty());
  const std::vector<Queue> both{"slow", "mail"};
  const auto found = broker->claim_home({.databases = {others}}, both);
  EXPECT_THAT(found.at(0), IsEmpty());
  EXPECT_EQ(found.at(1).size(), 1U);
}

TEST_P(BrokerHome, IsAtTheSamePlaceUnderAnotherNameStillTheSame) {
  claim({.databases = {ours}});
  EXPECT_THAT(claim({.databases = {{"default", "token-1", "shop at the promoted standby"}}}), IsEmpty());
  EXPECT_EQ(claim({.databases = {others}}).at(0).detail, "shop at the promoted standby");
}

TEST_P(BrokerHome, IsNotACopysThoughItHasTheSameToken) {
  claim({.databases = {original}});
  EXPECT_THAT(claim({.databases = {copy}, .app = "shop", .tasks = {"pay"}}),
              ElementsAre(HomeFinding{Found::kCopy, "default", "shop at db", "1/16384/aftercommit"}));
  EXPECT_THAT(claim({.databases = {original}, .app = "forum", .tasks = {"pay"}}), IsEmpty())
      << "the refused one has left no trace";
}

TEST_P(BrokerHome, IsTheSameAtAPromotedStandby) {
  claim({.databases = {original}});
  auto promoted = original;
  promoted.where = "shop at the promoted standby";
  EXPECT_THAT(claim({.databases = {promoted}}), IsEmpty());
  EXPECT_EQ(claim({.databases = {copy}}).at(0).detail, "shop at the promoted standby");
}

TEST_P(BrokerHome, IsACopysOnceThatAdoptsIt) {
  claim({.databases = {original}});
  EXPECT_THAT(claim({.databases = {copy}, .adopt = true}), IsEmpty());
  EXPECT_THAT(claim({.databases = {copy}}), IsEmpty());
  EXPECT_THAT(claim({.databases = {original}}),
              ElementsAre(HomeFinding{Found::kCopy, "default", "staging at db", "1/16385/aftercommit"}));
}

TEST_P(BrokerHome, IsForEachAliasTheInstanceThatWasSaidOfIt) {
  claim({.databases = {original}});
  EXPECT_THAT(claim({.databases = {{"reports", "token-1", "shop at db", "1/16385/aftercommit"}}}), IsEmpty());
  EXPECT_THAT(claim({.databases = {original}}), IsEmpty());
}

TEST_P(BrokerHome, IsOfTheFirstInstanceWhereNoneIsKnown) {
  claim({.databases = {ours}});  // as releases say that know of no instances
  EXPECT_THAT(claim({.databases = {original}}), IsEmpty());
  EXPECT_EQ(claim({.databases = {copy}}).size(), 1U);
  EXPECT_THAT(claim({.databases = {ours}}), IsEmpty());
  EXPECT_EQ(claim({.databases = {copy}}).size(), 1U) << "who does not say it makes nobody forget it";
  claim({.databases = {ours}, .adopt = true});
  EXPECT_THAT(claim({.databases = {copy}}), IsEmpty());
}

TEST_P(BrokerHome, IsSharedByAppsWithOtherTasksAndSaidToBe) {
  claim({.app = "shop", .tasks = {"pay", "ship"}});
  EXPECT_THAT(claim({.app = "forum", .tasks = {"shi", "ip", "post"}}),
              ElementsAre(HomeFinding{Found::kOtherApp, "shop"}));
  EXPECT_THAT(claim({.app = "shop", .tasks = {"pay"}}), ElementsAre(HomeFinding{Found::kOtherApp, "forum"}));
}

TEST_P(BrokerHome, IsNotSharedByAppsWithATaskOfOneName) {
  claim({.databases = {ours}, .app = "shop", .tasks = {"pay", "ship"}});
  EXPECT_THAT(claim({.app = "forum", .tasks = {"post", "ship"}}),
              ElementsAre(HomeFinding{Found::kSameTask, "shop", "ship"}));
  EXPECT_THAT(claim({.app = "shop", .tasks = {"pay", "ship"}}), IsEmpty())
      << "the refused one has left no trace";
}

TEST_P(BrokerHome, IsNewForAnAppWhoseTasksChange) {
  claim({.app = "shop", .tasks = {"pay"}});
  EXPECT_THAT(claim({.app = "shop", .tasks = {"refund"}}), IsEmpty());
  EXPECT_THAT(claim({.app = "forum", .tasks = {"pay"}}), ElementsAre(HomeFinding{Found::kOtherApp, "shop"}));
}

TEST_P(BrokerHome, IsTheirsWhoAdoptIt) {
  claim({.databases = {ours}, .app = "shop", .tasks = {"pay"}});
  EXPECT_THAT(claim({.databases = {others}, .adopt = true}), IsEmpty());
  EXPECT_EQ(claim({.databases = {ours}}).size(), 1U);
  EXPECT_THAT(claim({.app = "forum", .tasks = {"pay"}}), IsEmpty());
}

TEST_P(BrokerHome, CountsTheWorkersThatLive) {
  EXPECT_EQ(broker->counts("mail").workers, 0);
  broker->renew_lease(support::kAnn, mail, Millis{60'000});
  broker->renew_lease(support::kBob, mail, Millis{1});
  EXPECT_TRUE(support::eventually([&] { return broker->counts("mail").workers == 1; }));
  EXPECT_EQ(broker->counts("slow").workers, 0);
}

}  // namespace
}  // namespace aftercommit
