/// A broker that is down: bounded in time, said clearly, and never the end of the program.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <list>
#include <set>
#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"
#include "support/servers/private_redis.hpp"
#include "support/servers/tcp_proxy.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;
using std::chrono::steady_clock;
using support::caught;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Ids = std::vector<long>;

constexpr milliseconds kBound{300};

/// The shop's own broker is in memory; the one that is down is that of another app on the same database.
class BrokerDown : public support::Payments, public ::testing::Test {
 protected:
  App& app_on(const std::string& redis_url, milliseconds bound = kBound) {
    return apps_.emplace_back("cut_off", AppOptions{.redis_url = redis_url,
                                                    .databases = {{"default", {.url = schema().url()}}},
                                                    .delivery = Delivery::kOnCommit,
                                                    .enqueue_timeout = bound});
  }
  App& app_without_broker() { return app_on("redis://user:secret@127.0.0.1:1/0"); }

 private:
  std::list<App> apps_;
};

TEST_F(BrokerDown, AfterACommitIsAnErrorThatNamesTheJobsAndThatTheCommitStands) {
  App& cut_off = app_without_broker();
  const auto task = cut_off.task<long>("task");
  std::vector<JobId> ids;
  const auto error = caught<EnqueueError>([&] {
    cut_off.database().atomic([&](Transaction& tx) {
      tx.exec("INSERT INTO payment VALUES (1)");
      ids = task.delay_many({{1}, {2}});
    });
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->jobs(), ids);
  EXPECT_TRUE(error->retryable());
  EXPECT_FALSE(error->in_doubt());
  EXPECT_THAT(error->what(), AllOf(HasSubstr(ids[0].str()), HasSubstr(ids[1].str()),
                                   HasSubstr("although the transaction is committed"),
                                   HasSubstr("127.0.0.1:1"), Not(HasSubstr("secret"))));
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(BrokerDown, StillRunsTheHooksOfTheCommit) {
  App& cut_off = app_without_broker();
  const auto task = cut_off.task<long>("task");
  bool ran = false;
  EXPECT_THROW(cut_off.database().atomic([&](Transaction& tx) {
    task.delay(1);
    tx.on_commit([&] { ran = true; });
  }),
               EnqueueError);
  EXPECT_TRUE(ran);
}

TEST_F(BrokerDown, LeavesTheNextBlockUntouched) {  // P1
  App& cut_off = app_without_broker();
  const auto task = cut_off.task<long>("task");
  EXPECT_THROW(cut_off.database().atomic([&] { task.delay(1); }), EnqueueError);
  cut_off.database().atomic([&](Transaction& tx) { tx.exec("INSERT INTO payment VALUES (2)"); });
  EXPECT_EQ(committed_rows(), (Ids{2}));
}

TEST_F(BrokerDown, TellsAnAtomicObjectThatItIsCommittedAllTheSame) {
  App& cut_off = app_without_broker();
  const auto task = cut_off.task<long>("task");
  Atomic block{cut_off.database()};
  block->exec("INSERT INTO payment VALUES (1)");
  task.delay(1);
  EXPECT_FALSE(block.committed());
  EXPECT_THROW(block.commit(), EnqueueError);
  EXPECT_TRUE(block.committed());
  EXPECT_EQ(committed_rows(), (Ids{1}));
}

TEST_F(BrokerDown, IsNotEvenNoticedByATransactionThatRollsBack) {  // P1
  App& cut_off = app_without_broker();
  const auto task = cut_off.task<long>("task");
  EXPECT_THROW(cut_off.database().atomic([&] {
    task.delay(1);
    throw support::Deliberate{};
  }),
               support::Deliberate);
}

TEST_F(BrokerDown, OutsideABlockIsAnErrorThatSpeaksOfNoCommit) {
  const auto task = app_without_broker().task<long>("task");
  const auto error = caught<EnqueueError>([&] { task.delay(1); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->jobs().size(), 1U);
  EXPECT_THAT(error->what(), AllOf(HasSubstr("was not sent"), Not(HasSubstr("committed"))));
}

TEST_F(BrokerDown, NamesSomeOfTheJobsInItsSentenceAndAllOfThemInItsList) {
  const auto task = app_without_broker().task<long>("task");
  const auto error = caught<EnqueueError>([&] { task.delay_many(std::vector<std::tuple<long>>(1000, {1})); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->jobs().size(), 1000U);
  EXPECT_THAT(error->what(), AllOf(HasSubstr("1000 jobs ("), HasSubstr("and 990 more")));
}

TEST_F(BrokerDown, IsWaitedForTwoSecondsByDefault) {  // P10
  EXPECT_EQ(AppOptions{}.enqueue_timeout, 2s);
}

class BrokerCutOff : public BrokerDown {
 protected:
  support::PrivateRedis redis_;
  support::TcpProxy proxy_{redis_.port()};
  const std::string url_ = "redis://127.0.0.1:" + std::to_string(proxy_.port());
};

TEST_F(BrokerCutOff, ThatNeverAnswersIsWaitedForNoLongerThanTheBound) {  // P10
  App& slow = app_on(url_);
  const auto task = slow.task<long>("task");
  proxy_.swallow_replies(true);
  for (int call = 1; call <= 2; ++call) {
    const auto before = steady_clock::now();
    EXPECT_THROW(slow.database().atomic([&] { task.delay(1); }), EnqueueError);
    EXPECT_GE(steady_clock::now() - before, kBound - 50ms);
    EXPECT_LT(steady_clock::now() - before, kBound + 700ms);
  }
  proxy_.swallow_replies(false);
  EXPECT_NO_THROW(task.delay(1));
}

TEST_F(BrokerCutOff, GetsAllJobsOfATransactionInOneRoundTripSinceNoneWaitsForAReply) {
  App& slow = app_on(url_);
  const auto task = slow.task<long>("task");
  task.delay(0);  // connects
  proxy_.swallow_replies(true);
  const auto error = caught<EnqueueError>([&] {
    slow.database().atomic([&] {
      for (long id = 1; id <= 200; ++id) task.delay(id);
      task.apply_async({.queue = "slow"}, 201);
    });
  });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->in_doubt());
  EXPECT_EQ(error->jobs().size(), 201U);
  EXPECT_THAT(error->what(), HasSubstr("perhaps"));

  const std::vector<std::string> queues{"default", "slow"};
  std::set<long> arrived;
  for (const auto& queue : queues) {
    const std::vector<std::string> one{queue};
    for (const auto& fetched : make_broker(redis_.url())->fetch("worker", one, 1000, 1s)) {
      arrived.insert(
          std::get<Envelope>(decode(fetched.payload, defaults::kPayloadLimit)).args[0].get<long>());
    }
  }
  EXPECT_EQ(arrived.size(), 202U);
}

TEST_F(BrokerCutOff, ThatDiesIsAnErrorAndNotASignalAndServesAgainWhenItIsBack) {
  App& slow = app_on(redis_.url());
  const auto task = slow.task<long>("task");
  task.delay(1);
  redis_.kill();
  EXPECT_THROW(task.delay(2), EnqueueError);
  EXPECT_THROW(slow.database().atomic([&] { task.delay_many({{3}, {4}}); }), EnqueueError);
  redis_.start();
  EXPECT_NO_THROW(slow.database().atomic([&] { task.delay(5); }));
}

}  // namespace
}  // namespace aftercommit
