// What an operator sees and does, as another program than the command has it: the same data, and not a word
// on the standard files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "operate/audit.hpp"
#include "operate/dead_change.hpp"
#include "operate/dead_list.hpp"
#include "operate/homes.hpp"
#include "operate/stats.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/servers/private_redis.hpp"
#include "worker/relay/sweeper.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using operate::Json;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using namespace std::chrono_literals;

class Operator : public support::CliTest {
 protected:
  static json document(const Json& in_order) { return json::parse(in_order.dump()); }

  operate::Servers servers{shop()};
};

TEST_F(Operator, SeesTheDocumentsThatTheCommandPrints) {
  durable(1);
  const auto dead = die().str();
  other(2), die();
  durable(3);
  EXPECT_EQ(document(in_json(operate::newest_dead(servers, {}, 50))), run_json({"dead", "list"}));
  EXPECT_EQ(document(in_json(operate::newest_dead(servers, {.queue = "mail"}, 1))),
            run_json({"dead", "list", "--queue", "mail", "--limit", "1"}));
  EXPECT_EQ(document(in_full(*operate::find_dead(servers, dead).job)), run_json({"dead", "show", dead}));
  EXPECT_EQ(document(in_json(operate::audit(servers, 0ms))), run_json({"audit", "--pause", "0"}));
  auto stats_here = operate::count_jobs(servers);
  operate::measure_rates(servers, stats_here, 0ms);
  auto ours = document(in_json(stats_here)), its = run_json({"stats"});
  for (auto* stats : {&ours, &its}) {
    for (auto* numbers : {&stats->at("queues").at(0), &stats->at("sum")}) {  // which grow meanwhile
      numbers->erase("oldest_ms");
      numbers->erase("oldest_durable_ms");
      numbers->erase("relay_lag_ms");
    }
  }
  EXPECT_EQ(ours, its);
}

TEST_F(Operator, SeesAtWhichRateJobsEndByTwoLooks) {
  other(1), other(2);
  auto stats_here = operate::count_jobs(servers);
  EXPECT_FALSE(stats_here.queues["mail"].rate.has_value());
  const auto before = stats_here;
  const auto fetched = fetch();
  const Settlement end{.kind = Settlement::Kind::kAck, .queue = "mail", .entry = fetched.entry};
  EXPECT_EQ(calls.broker.settle(support::kAnn, {&end, 1}).at(0), Settled::kDone);
  stats_here = operate::count_jobs(servers);
  operate::take_rates(stats_here, before);
  const auto rate = stats_here.queues["mail"].rate;
  ASSERT_TRUE(rate.has_value());
  const std::chrono::duration<double> time = stats_here.looked_at - before.looked_at;
  EXPECT_DOUBLE_EQ(*rate * time.count(), 1.0) << "one has ended";
}

TEST_F(Operator, SeesForHowLongNoRelayHasLookedAtAJob) {
  durable(1);
  const auto lag = [&] { return operate::count_jobs(servers).queues["mail"].relay_lag; };
  ASSERT_TRUE(lag().has_value());
  EXPECT_TRUE(support::eventually([&] { return *lag() > 0ms; })) << "it grows";
  const auto broker = make_broker(app.options().redis_url);
  worker::Sweeper sweeper{*broker, database, {"mail"}, defaults::kPayloadLimit};
  EXPECT_TRUE(support::eventually([&] { return sweeper.sweep(), *lag() == 0ms; }))
      << "the row is there, and known";
  durable(2);
  EXPECT_TRUE(support::eventually([&] { return *lag() > 0ms; })) << "the second one";
}

TEST_F(Operator, LearnsWhatBecameOfEachDeadJobAndNothingIsPrinted) {
  durable(1);
  const auto first = die().str();
  other(2), die();
  redis.ask("ZADD", redis.mail().dead, "1", "no letter");
  const auto unknown = JobId::generate().str();

  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const auto named = operate::retry_dead(servers, {.ids = {first, unknown}});
  const auto all = operate::retry_dead(servers, {});
  const auto deleted = operate::delete_dead(servers, {});
  const auto adoption = operate::adopt(servers, {});
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");

  EXPECT_EQ(named.changed, 1U);
  EXPECT_THAT(named.missing, ElementsAre(unknown));
  EXPECT_TRUE(named.all_seen);
  EXPECT_EQ(all.changed, 1U);
  ASSERT_EQ(all.stay.size(), 1U);
  EXPECT_THAT(all.stay[0].obstacle, HasSubstr("cannot be read"));
  EXPECT_EQ(deleted.changed, 1U);
  EXPECT_EQ(calls.counts().ready, 2);
  EXPECT_THAT(adoption.queues, ElementsAre("mail"));
}

TEST_F(Operator, IsToldWhichServerDoesNotAnswer) {
  durable(1), die();
  auto more = shop();
  more.database_urls["reports"] = "postgresql://127.0.0.1:1/none";
  more.only.insert("reports");
  operate::Servers both{more};
  const auto stats = operate::count_jobs(both);
  EXPECT_THAT(stats.answers.databases, ElementsAre("default", "reports"));
  ASSERT_EQ(stats.answers.outages.size(), 1U);
  EXPECT_EQ(stats.answers.outages[0].alias, "reports");
  EXPECT_THAT(stats.answers.outages[0].error, HasSubstr("cannot connect"));
  EXPECT_EQ(stats.in_databases(), operate::Known::kInPart);
  const auto change = operate::retry_dead(both, {});
  EXPECT_EQ(change.changed, 1U);
  EXPECT_FALSE(change.all_seen);
}

TEST(OperatorsServers, TellTheirWarningsOnceToWhoeverAskedForThem) {
  const support::PrivateRedis server{{"--maxmemory-policy", "allkeys-lru"}};
  std::vector<std::string> warnings;
  operate::Servers servers{{.redis_url = server.url()},
                           [&](const std::string& warning) { warnings.push_back(warning); }};
  testing::internal::CaptureStderr();
  servers.broker().queues();
  servers.broker().queues();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_THAT(warnings, ElementsAre(AllOf(HasSubstr("allkeys-lru"), HasSubstr("noeviction"))));
}

}  // namespace
}  // namespace aftercommit
