/// Numbers of jobs where a server is away: no part of one passes for the whole.
#include "operate/stats.hpp"

#include <gtest/gtest.h>

namespace aftercommit::operate {
namespace {

using nlohmann::json;

/// Two databases and Redis; `away` do not answer.
Stats stats_without(std::vector<Outage> away) {
  Stats stats{.answers = {.databases = {"default", "reports"}, .outages = std::move(away)}};
  stats.queues["mail"] = {.redis = {.ready = 1, .dead = 2}, .dead_rows = 1, .durable = 3};
  stats.queues["slow"] = {.redis = {.running = 4, .workers = 1}};
  return stats;
}

/// As whoever reads it sees it.
json document(const Stats& stats) { return json::parse(in_json(stats).dump()); }

TEST(Stats, AreWholeWhereAllServersAnswer) {
  const auto whole = document(stats_without({}));
  EXPECT_EQ(whole.at("redis_answers"), true);
  EXPECT_EQ(whole.at("databases_away"), json::array());
  EXPECT_EQ(whole.at("sum"), json::parse(R"({"ready": 1, "delayed": 0, "running": 4, "retrying": 0, "dead": 3,
                                             "oldest_ms": null, "durable": 3, "oldest_durable_ms": null,
                                             "relay_lag_ms": null, "rate_per_s": null})"));
  EXPECT_EQ(whole.at("queues").at(0).at("queue"), "mail");
  EXPECT_EQ(whole.at("queues").at(0).at("declared_by"), nullptr);
  EXPECT_EQ(whole.at("queues").at(1).at("workers"), 1);
}

TEST(Stats, AreInPartWhatTheOtherDatabaseHolds) {
  const auto stats = stats_without({{.alias = "reports", .error = "gone"}});
  EXPECT_EQ(stats.in_redis(), Known::kWhole);
  EXPECT_EQ(stats.in_databases(), Known::kInPart);
  EXPECT_EQ(stats.in_both(), Known::kInPart);
  const auto part = document(stats);
  EXPECT_EQ(part.at("databases_away"), json::parse(R"(["reports"])"));
  const auto& mail = part.at("queues").at(0);
  EXPECT_EQ(mail.at("ready"), 1);
  EXPECT_EQ(mail.at("durable"), nullptr);
  EXPECT_EQ(mail.at("at_least"), json::parse(R"({"dead": 3, "durable": 3})"));
  EXPECT_EQ(part.at("queues").at(1).at("at_least"), json::object()) << "at least none says nothing";
}

TEST(Stats, AreNotKnownWhereRedisIsAway) {
  const auto stats = stats_without({{.error = "gone"}});
  EXPECT_EQ(stats.in_redis(), Known::kNot);
  EXPECT_EQ(stats.in_databases(), Known::kWhole);
  EXPECT_EQ(stats.in_both(), Known::kInPart);
  const auto mail = document(stats).at("queues").at(0);
  EXPECT_EQ(mail.at("ready"), nullptr);
  EXPECT_EQ(mail.at("workers"), nullptr);
  EXPECT_EQ(mail.at("durable"), 3);
}

TEST(Stats, AreInPartWhatTheOtherShardsOfRedisHold) {
  const auto stats = stats_without({{.shard = "b:6379/0", .error = "gone"}});
  EXPECT_EQ(stats.in_redis(), Known::kInPart);
  EXPECT_EQ(stats.in_databases(), Known::kWhole);
  EXPECT_EQ(stats.in_both(), Known::kInPart);
  EXPECT_EQ(name_of(stats.answers.outages[0]), "shard 'b:6379/0' of Redis");
  const auto part = document(stats);
  EXPECT_EQ(part.at("redis_answers"), false);
  EXPECT_EQ(part.at("queues").at(0).at("ready"), nullptr);
  EXPECT_EQ(part.at("queues").at(0).at("at_least").at("ready"), 1);
}

TEST(Stats, AreOfNoDatabaseAtAllWhereAllAreAway) {
  const auto stats =
      stats_without({{.alias = "default", .error = "gone"}, {.alias = "reports", .error = "gone"}});
  EXPECT_EQ(stats.in_databases(), Known::kNot);
  EXPECT_EQ(stats.in_redis(), Known::kWhole);
}

TEST(StatsRates, AreWhatHasEndedBetweenTwoLooksAndUnknownWhereTheCounterHasGoneBack) {
  using namespace std::chrono_literals;
  Stats before = stats_without({}), now = before;
  now.looked_at = before.looked_at + 2s;
  before.queues["mail"].redis.ended = 100;
  now.queues["mail"].redis.ended = 130;
  before.queues["slow"].redis.ended = 100;
  now.queues["slow"].redis.ended = 3;  // Redis has lost its data
  now.queues["new"].redis.ended = 5;
  take_rates(now, before);
  EXPECT_EQ(now.queues["mail"].rate, 15.0);
  EXPECT_FALSE(now.queues["slow"].rate.has_value());
  EXPECT_FALSE(now.queues["new"].rate.has_value());
  EXPECT_EQ(document(now).at("sum").at("rate_per_s"), 15);
}

TEST(UnservedQueue, IsOneWithJobsOrADeclarationAndWithoutAWorker) {
  const auto all = stats_without({});
  EXPECT_EQ(unserved({.redis = {.ready = 1}}, all), Unserved::kJobsWait);
  EXPECT_EQ(unserved({.durable = 1}, all), Unserved::kJobsWait);
  EXPECT_EQ(unserved({.redis = {.ready = 1, .workers = 1}}, all), Unserved::kNot);
  EXPECT_EQ(unserved({.redis = {.declared_by = "pay"}}, all), Unserved::kDeclared);
  EXPECT_EQ(unserved({.redis = {.dead = 1}}, all), Unserved::kNot);
}

TEST(UnservedQueue, IsNoneWhereWhoServesItIsNotKnown) {
  EXPECT_EQ(unserved({.durable = 1}, stats_without({{.error = "gone"}})), Unserved::kNot);
}

}  // namespace
}  // namespace aftercommit::operate
