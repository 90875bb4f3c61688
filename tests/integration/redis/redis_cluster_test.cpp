/// A shard of a Redis Cluster: its keys, and how a broker follows them from node to node.
#include <sys/wait.h>
#include <unistd.h>

#include <future>

#include "broker/redis/wire/cluster_tags.hpp"
#include "support/fixtures/redis_calls.hpp"
#include "support/servers/certificates.hpp"
#include "support/servers/cluster_set.hpp"

namespace aftercommit {
namespace {

using namespace support::broker_words;
using std::chrono::steady_clock;

// A failover is over within some seconds; who waits for a minute has noticed nothing.
constexpr std::chrono::seconds kFailedOver{30};

class RedisCluster : public ::testing::Test {
 protected:
  std::string url_of(unsigned shard) const { return cluster.url() + "&only=" + std::to_string(shard); }
  support::PrivateRedis& master() { return cluster.master_of(slot); }

  /// Whether a call is answered before the time is over, again and again.
  bool serves_again() {
    return eventually(
        [&] {
          try {
            calls.enqueue({{"mail", "more"}}, 2s);
            calls.counts();
            return true;
          } catch (const Error&) {
            return false;
          }
        },
        kFailedOver);
  }
  /// A reader that waits at the master for a job, for a minute.
  std::future<std::vector<Fetched>> waiting_reader() {
    auto reader = std::async(std::launch::async, [this] {
      Calls waiting{url_of(0)};
      for (const auto end = steady_clock::now() + 60s; steady_clock::now() < end;) {
        try {
          if (auto jobs = waiting.fetch(1, 60s, kBob); !jobs.empty()) return jobs;
        } catch (const BrokerUnavailable&) {
          // Its node is gone: it looks for the next one.
        }
      }
      return std::vector<Fetched>{};
    });
    const auto waits = [&] {
      return support::ask_redis(master(), {"INFO", "clients"}).find("blocked_clients:1") != std::string::npos;
    };
    EXPECT_TRUE(eventually(waits)) << "it waits at the master";
    return reader;
  }

  support::ClusterSet cluster;
  const unsigned slot = cluster_slot(cluster_tag(0));
  Calls calls{url_of(0)};
};

TEST_F(RedisCluster, HasAllOfAShardInOneSlotAndServesItAsASingleServer) {
  EXPECT_THAT(calls.broker.check(), IsEmpty());
  calls.enqueue({{"mail", "a"},
                 {"mail", "later", 1h},
                 {.queue = "mail", .payload = "urgent", .priority = Priority::kHigh},
                 {"bulk", "b"},
                 support::durable_job("durable")});
  const std::vector<Queue> both{"mail", "bulk"};
  std::vector<Fetched> jobs;
  EXPECT_TRUE(eventually([&] {
    std::ranges::move(calls.broker.fetch(kAnn, both, 10, kShortWait), std::back_inserter(jobs));
    return jobs.size() >= 4;
  }));
  EXPECT_THAT(payloads(jobs), UnorderedElementsAre("a", "urgent", "b", "durable"));
  using Kind = Settlement::Kind;
  for (const auto kind : {Kind::kAck, Kind::kRetry, Kind::kBury, Kind::kRelease}) {
    EXPECT_EQ(calls.settle(kind, jobs.back()), Settled::kDone);
    jobs.pop_back();
  }
  EXPECT_EQ(calls.broker.renew_lease(kAnn, both, 1min).size(), 2U);
  EXPECT_TRUE(calls.broker.pause("bulk"));
  EXPECT_THAT(calls.broker.queues(), ElementsAre("bulk", "mail"));
  EXPECT_EQ(calls.broker.workers("mail").size(), 1U);

  const auto keys = support::ask_redis_number(master(), {"CLUSTER", "COUNTKEYSINSLOT", std::to_string(slot)});
  EXPECT_GT(keys, 5);
  EXPECT_EQ(support::ask_redis_number(master(), {"DBSIZE"}), keys);
  EXPECT_EQ(support::ask_redis_number(cluster.other_master(master()), {"DBSIZE"}), 0);

  const auto report = calls.broker.server_report();
  EXPECT_EQ(report.server, "127.0.0.1:" + std::to_string(master().port()));
  EXPECT_TRUE(report.as_cluster);
  EXPECT_THAT(report.denied, IsEmpty());

  // A shard at another master, asked by a child that has inherited the map of this process.
  Calls other{url_of(1)};
  EXPECT_EQ(other.counts().ready, 0);
  const auto child = ::fork();
  if (child == 0) {
    ::alarm(60);  // instead of a wait for a lock that nobody here holds
    ::_exit(other.counts().ready == 0 && calls.counts().delayed > 0 ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(RedisCluster, IsNamedByTheErrorOfWhoTakesItForAServerAndTheOtherWayRound) {
  const auto& node = cluster.other_master(master());
  EXPECT_THAT(complaint<ConfigError>([&] { Calls{node.tcp_url()}.broker.check(); }),
              AllOf(HasSubstr("is a node of a cluster"), HasSubstr("redis+cluster://host:port,host:port/")));
  const auto refused = [&](const std::string& queue) {
    return failure([&] { Calls{node.tcp_url()}.enqueue({{queue, "a"}}); });
  };
  EXPECT_THAT((refused("mail") ? refused("mail") : refused("bulk"))->what(), HasSubstr("redis+cluster://"));
  const support::PrivateRedis single;
  const auto at = "redis+cluster://127.0.0.1:" + std::to_string(single.port());
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{at}.counts(); }), HasSubstr("is no node of a cluster"));
  EXPECT_THAT(
      complaint<BrokerUnavailable>([&] { Calls{"redis+cluster://127.0.0.1:1,127.0.0.1:2"}.counts(); }),
      AllOf(HasSubstr("cannot find shard 0 of the cluster at 127.0.0.1:1, 127.0.0.1:2"),
            HasSubstr("127.0.0.1:2: Connection refused")));
  // One node that is known is enough.
  Calls by_one{"redis+cluster://127.0.0.1:1,127.0.0.1:" + std::to_string(node.port()) + "/?only=0"};
  calls.enqueue({{"mail", "a"}});
  EXPECT_EQ(by_one.counts().ready, 1);
}

TEST_F(RedisCluster, IsFollowedWhenItsSlotMovesInTheMidstOfWork) {
  for (int i = 0; i < 20; ++i) calls.enqueue({{"mail", std::to_string(i)}, support::durable_job("durable")});
  calls.enqueue({{"mail", "later", 1h}});
  const auto held = calls.fetch(5);
  ASSERT_THAT(held, SizeIs(5));
  Calls listener{url_of(0)};
  EXPECT_TRUE(listener.broker.await_schedule(kMail, kNoWait)) << "it begins to listen";
  calls.enqueue({{"mail", "sooner", 30min}});
  EXPECT_TRUE(listener.broker.await_schedule(kMail, 10s));
  EXPECT_FALSE(listener.broker.await_schedule(kMail, kShortWait));

  auto& from = master();
  auto& to = cluster.other_master(from);
  cluster.move_slot(slot, to, [&] {
    calls.enqueue({{"mail", "between"}});
    EXPECT_EQ(calls.broker.held_by(kAnn, "mail", {&held.front().entry, 1}).size(), 1U);
    const auto durable = failure([&] { calls.enqueue({support::durable_job("unsure")}); });
    EXPECT_TRUE(!durable || durable->retryable());
    try {
      calls.counts();
    } catch (const BrokerUnavailable& error) {
      EXPECT_THAT(error.what(), HasSubstr("slot is on the way to another node"));
    }
  });
  EXPECT_EQ(&master(), &to);
  EXPECT_EQ(calls.counts().running, 5);
  EXPECT_GE(calls.counts().ready, 37) << "40 and two, less the 5 that run";
  EXPECT_EQ(calls.counts().delayed, 2);
  for (const auto& job : held) EXPECT_EQ(calls.settle(Settlement::Kind::kAck, job), Settled::kDone);
  EXPECT_TRUE(listener.broker.await_schedule(kMail, 10s)) << "for it may have missed something";
  eventually([&] { return !listener.broker.await_schedule(kMail, kShortWait); });
  calls.enqueue({{"mail", "soonest", 10min}});
  EXPECT_TRUE(listener.broker.await_schedule(kMail, 10s)) << "it listens at the other node";
  EXPECT_EQ(support::ask_redis_number(from, {"DBSIZE"}), 0);

  // And back, while a reader waits.
  while (!calls.fetch(100).empty()) continue;
  auto reader = waiting_reader();
  cluster.move_slot(slot, from);
  calls.enqueue({{"mail", "for the reader"}});
  EXPECT_THAT(payloads(reader.get()), ElementsAre("for the reader"));
}

TEST_F(RedisCluster, IsFollowedWhenAMasterDiesOrIsDemotedOrFreezes) {
  calls.enqueue({{"mail", "a"}});
  auto& first = master();
  first.kill();
  EXPECT_TRUE(serves_again());
  auto& second = master();
  EXPECT_NE(&second, &first);
  first.start();
  ASSERT_TRUE(cluster.comes_to_be_whole());

  ASSERT_TRUE(cluster.hands_over_to(first));
  EXPECT_TRUE(serves_again());
  ASSERT_TRUE(cluster.comes_to_be_whole());

  while (!calls.fetch(100).empty()) continue;
  auto reader = waiting_reader();
  first.stop();
  EXPECT_TRUE(serves_again());
  EXPECT_THAT(payloads(reader.get()), ElementsAre("more"));
  first.resume();
  ASSERT_TRUE(cluster.comes_to_be_whole());
}

/// Also for calls whose time is shorter than the one that a frozen node is waited for.
TEST_F(RedisCluster, IsFollowedByCallsThatHaveLittleTimeWhenAMasterFreezes) {
  calls.enqueue({{"mail", "a"}});
  auto& first = master();
  first.stop();
  EXPECT_TRUE(eventually(
      [&] {
        try {
          calls.enqueue({{"mail", "more"}}, 500ms);
          return true;
        } catch (const Error&) {
          return false;
        }
      },
      kFailedOver));
  first.resume();
}

TEST(RedisClusterByTls, IsCheckedAtEachNodeWithThePasswordOfAll) {
  support::Certificates certificates;
  const auto pair = certificates.issue("node", "IP:127.0.0.1");
  support::ClusterSet cluster{{"--port",
                               "0",
                               "--tls-port",
                               support::PrivateRedis::kItsPort,
                               "--tls-cluster",
                               "yes",
                               "--tls-replication",
                               "yes",
                               "--tls-auth-clients",
                               "no",
                               "--tls-cert-file",
                               pair.cert,
                               "--tls-key-file",
                               pair.key,
                               "--tls-ca-cert-file",
                               certificates.ca(),
                               "--user",
                               "shop",
                               "on",
                               ">s3cret",
                               "~ac:*",
                               "&ac:*",
                               "+@all"}};
  const auto at = [&](const std::string& password) {
    return "rediss" + cluster.url(6, "shop:" + password + "@").substr(5);
  };
  const auto ca = "&tls_ca=" + certificates.ca();
  for (const auto* shard : {"0", "1", "2"}) {  // at a master each
    Calls calls{at("s3cret") + ca + "&only=" + shard};
    calls.enqueue({{"mail", "a"}});
    EXPECT_THAT(calls.fetch(1), SizeIs(1));
    EXPECT_TRUE(calls.broker.await_schedule(kMail, kNoWait));
  }
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{at("gu3ss") + ca}.counts(); }),
              AllOf(HasSubstr("refused AUTH"), Not(HasSubstr("gu3ss"))));
  EXPECT_THAT(complaint<BrokerRefused>([&] { Calls{at("s3cret")}.counts(); }),
              HasSubstr("a CA that this machine does not know"));
  EXPECT_THAT(complaint<BrokerUnavailable>([&] { Calls{cluster.url()}.counts(); }), HasSubstr("rediss"));
}

}  // namespace
}  // namespace aftercommit
