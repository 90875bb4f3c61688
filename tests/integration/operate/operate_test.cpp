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
  operate::Connections shop() const {
    return {.redis_url = app.options().redis_url,
            .database_urls = {{"default", schema().url()}},
            .only = {"default"},
            .schema = schema().name()};
  }

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
  auto ours = document(in_json(operate::count_jobs(servers))), its = run_json({"stats"});
  for (auto* stats : {&ours, &its}) {
    for (auto* numbers : {&stats->at("queues").at(0), &stats->at("sum")}) {  // which grow meanwhile
      numbers->erase("oldest_ms");
      numbers->erase("oldest_durable_ms");
    }
  }
  EXPECT_EQ(ours, its);
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
