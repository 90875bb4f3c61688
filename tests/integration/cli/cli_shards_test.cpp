// The `aftercommit` command over several shards of Redis: the sum of them, and which one does not answer.
#include <gmock/gmock.h>

#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/contract/broker.hpp"
#include "broker/contract/shards.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CliShards : public support::Payments, public ::testing::Test {
 protected:
  CliShards() : CliShards{std::make_unique<support::PrivateRedis>()} {}
  explicit CliShards(std::unique_ptr<support::PrivateRedis> second)
      : Payments{{.redis_url = support::fresh_redis_url() + ' ' + second->url()}},
        second_{std::move(second)} {}

  support::End run(std::vector<std::string> arguments) {
    return support::run_cli(std::move(arguments), {{"REDIS_URL", app.options().redis_url},
                                                   {"DATABASE_URL", schema().url()},
                                                   {"AFTERCOMMIT_SCHEMA", schema().name()}});
  }
  json run_json(std::vector<std::string> arguments) {
    arguments.emplace_back("--json");
    const auto end = run(std::move(arguments));
    EXPECT_EQ(end.error, "");
    return json::parse(end.output);
  }
  /// So many jobs on commit, in both shards.
  void fill(long jobs) {
    for (long id = 1; id <= jobs; ++id) receipt.apply_async({.delivery = Delivery::kOnCommit}, id);
  }
  const std::string& second_name() const { return shards_.at(1).name; }

  const std::unique_ptr<support::PrivateRedis> second_;
  const Task<long> receipt = app.task<long>("send_receipt", {.queue = "mail"});
  const Shards shards_{app.options().redis_url};
};

TEST_F(CliShards, SumUpWhatAllHoldAndListIt) {
  fill(40);
  EXPECT_EQ(run_json({"stats"}).at("sum").at("ready"), 40);
  EXPECT_EQ(run_json({"jobs", "--limit", "100"}).at("jobs").size(), 40U);
  EXPECT_EQ(run({"doctor"}).error, "");
  EXPECT_THAT(run({"doctor"}).output, AllOf(HasSubstr(shards_.at(0).name), HasSubstr(second_name())));
}

TEST_F(CliShards, ShowWhatTheOthersHoldAndNameTheOneThatDoesNotAnswer) {
  fill(40);
  second_->kill();
  const auto in_first = make_broker(shards_.at(0).url)->counts("mail").ready;
  const auto end = run({"stats", "--json"});
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.error, HasSubstr("shard '" + second_name() + "' of Redis"));
  const auto stats = json::parse(end.output);
  EXPECT_EQ(stats.at("redis_answers"), false);
  EXPECT_EQ(stats.at("sum").at("ready"), nullptr) << "a part is not the whole";
  EXPECT_EQ(stats.at("sum").at("at_least").at("ready"), in_first);

  const auto audit = run({"audit"});
  EXPECT_NE(audit.exit_code, 0) << "what is not seen is not lost";
  EXPECT_THAT(audit.error, HasSubstr(second_name()));
}

TEST_F(CliShards, KnowOfAJobWhetherItIsInRedisUnlessAShardThatDoesNotAnswerMayHaveIt) {
  std::map<std::size_t, JobId> of;  // one of each shard
  while (of.size() < 2) {
    const auto id = receipt.delay(1);
    of.emplace(shards_.of(id), id);
  }
  const auto broker = make_broker(app.options().redis_url);
  const auto is_in_redis = [&](const JobId& id) -> bool {
    return broker->has_durable("mail", {&id, 1}).at(0);
  };
  EXPECT_TRUE(support::eventually([&] { return is_in_redis(of.at(0)) && is_in_redis(of.at(1)); }));
  EXPECT_EQ(run_json({"job", of.at(1).str()}).at("in_redis"), true);
  second_->kill();

  EXPECT_EQ(json::parse(run({"job", of.at(0).str(), "--json"}).output).at("in_redis"), true);
  const auto end = run({"job", of.at(1).str(), "--json"});
  EXPECT_EQ(end.exit_code, 3);
  EXPECT_THAT(end.error, HasSubstr(second_name()));
  EXPECT_EQ(json::parse(end.output).at("in_redis"), nullptr);
}

}  // namespace
}  // namespace aftercommit
