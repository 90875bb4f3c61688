/// Which limits may be declared, and what the key of a job is.
#include "client/app/limit_rules.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::detail {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::Pointee;

class LimitRulesTest : public ::testing::Test {
 protected:
  void refuse(const TaskOptions& options) { EXPECT_THROW(app.task<long>("refused", options), UsageError); }
  static std::string key_of(const std::string& args, const std::string& pointer,
                            const std::string& of_call = {}) {
    return limit_key_of({.id = JobId::generate(), .args = nlohmann::json::parse(args), .limit_key = of_call},
                        pointer);
  }

  App app{"limits", {.redis_url = "memory://limit_rules"}};
  const LimitRules& rules = app.core().limits();
};

TEST_F(LimitRulesTest, RefuseWhatNobodyCouldKeep) {
  refuse({.limits = {Concurrency{.most = -1}}});
  refuse({.limits = {Concurrency{.most = 10'001}}});
  refuse({.limits = {Concurrency{.name = "per customer: one"}}});
  refuse({.limits = {Rate{.per = 0ms}}});
  refuse({.limits = {Rate{.burst = 0}}});
  refuse({.transactional = false, .limits = {Concurrency{}}});
  refuse({.limits = {Concurrency{}, Concurrency{}}});
  refuse({.limits = {Concurrency{}}, .limit_key = "customer"});
  EXPECT_FALSE(App("other").core().limits().any());
}

TEST_F(LimitRulesTest, OfOneNameAreOneLimitOfAllThatDeclareItAlike) {
  const Rate bank{.name = "bank", .most = 10, .per = 1min};
  app.task<long>("charge", {.limits = {bank, Concurrency{.per_key = true}}});
  app.task<long>("refund", {.limits = {bank}});
  app.limit_queue("money", Concurrency{.most = 20});
  EXPECT_THROW(app.limit_queue("money", Rate{.name = "bank", .most = 11, .per = 1min}), UsageError);
  const auto named = [](const std::string& name) { return Pointee(Field(&DeclaredLimit::name, name)); };
  EXPECT_THAT(rules.of("charge", "money"),
              ElementsAre(named("bank"), named("charge.concurrency"), named("queue/money.concurrency")));
  EXPECT_EQ(rules.of("refund", "other").at(0), rules.of("charge", "other").at(0));
  EXPECT_TRUE(rules.of("ship", "other").empty());
}

TEST_F(LimitRulesTest, FindTheKeyOfAJobInItsArgumentsUnlessItsCallGivesOne) {
  EXPECT_EQ(key_of(R"(["acme", 7])", "/0"), "acme");
  EXPECT_EQ(key_of(R"(["acme", 7])", "/1"), "7");
  EXPECT_EQ(key_of(R"([{"customer": "acme"}])", "/0/customer"), "acme");
  EXPECT_EQ(key_of(R"(["acme", 7])", "/0", "given"), "given");
  for (const auto* const nothing : {"", "/2", "/0/customer", "/-"})
    EXPECT_EQ(key_of(R"(["acme", 7])", nothing), "");
  EXPECT_EQ(key_of("[null]", "/0"), "");
}

TEST_F(LimitRulesTest, MakeAHashOfAKeyThatCouldNotBeKeptAsItIs) {
  const auto key = key_of(R"(["M\u00fcller"])", "/0");
  EXPECT_EQ(key.size(), 17U);
  EXPECT_EQ(key, key_of(R"(["M\u00fcller"])", "/0"));
  EXPECT_NE(key, key_of(R"(["Mueller"])", "/0"));
  EXPECT_EQ(key_of("[\"" + std::string(201, 'a') + "\"]", "/0").size(), 17U);
}

TEST_F(LimitRulesTest, RefuseAJobThatHasNoDatabaseToKeepThem) {
  const auto call =
      app.task<long>("call", {.delivery = Delivery::kOnCommit, .transactional = false, .limits = {Rate{}}});
  EXPECT_THROW(call.delay(1), UsageError);
  app.limit_queue("narrow", Concurrency{});
  const auto bare =
      app.task<long>("bare", {.queue = "narrow", .delivery = Delivery::kOnCommit, .transactional = false});
  EXPECT_THROW(bare.delay(1), UsageError);
  EXPECT_THROW(bare.apply_async({.queue = "wide", .limit_key = std::string(201, 'a')}, 1), UsageError);
}

}  // namespace
}  // namespace aftercommit::detail
