/// An app, a worker and the operator's command, all at a Redis that is reached by TLS or by sentinels, or at
/// a cluster.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/cluster_set.hpp"
#include "support/servers/sentinel_set.hpp"
#include "support/servers/tls_redis.hpp"

namespace aftercommit {
namespace {

using support::WorkerProcess;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace std::chrono_literals;

/// Servers of one form; they live as long as somebody holds the answer.
struct RedisForm {
  const char* name;
  std::shared_ptr<void> (*start)(std::string& url);

  friend void PrintTo(const RedisForm& form, std::ostream* out) { *out << form.name; }
};

std::shared_ptr<void> start_tls(std::string& url) {
  auto redis = std::make_shared<support::TlsRedis>();
  url = redis->url();
  return redis;
}

std::shared_ptr<void> start_sentinels(std::string& url) {
  struct Servers {
    support::PrivateRedis master{{"--repl-diskless-sync-delay", "0"}};
    support::SentinelSet sentinels{master};
  };
  auto servers = std::make_shared<Servers>();
  url = servers->sentinels.url();
  return servers;
}

std::shared_ptr<void> start_cluster(std::string& url) {
  auto cluster = std::make_shared<support::ClusterSet>();
  url = cluster->url();
  return cluster;
}

/// What must be there before the app of a WorkerTest.
struct FormServers {
  std::string url{};
  const std::shared_ptr<void> running;
};

class RedisForms : public ::testing::WithParamInterface<RedisForm>,
                   private FormServers,
                   public support::WorkerTest {
 protected:
  RedisForms() : FormServers{.running = GetParam().start(url)}, WorkerTest{url} {}
};

TEST_P(RedisForms, ServeAnAppAWorkerAndTheOperatorsCommand) {
  auto& worker = start_worker();
  tasks.insert.delay(1);
  tasks.insert.apply_async({.countdown = 300ms}, 2);
  EXPECT_TRUE(eventually_effects({1, 2})) << worker.log();
  EXPECT_TRUE(eventually_empty());
  WorkerProcess stats{
      {AFTERCOMMIT_CLI, "stats"},
      {{"REDIS_URL", redis_url}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}}};
  EXPECT_EQ(stats.exit_code(), 0) << stats.log();
  EXPECT_THAT(stats.output(), HasSubstr("default"));
  WorkerProcess doctor{
      {AFTERCOMMIT_CLI, "doctor"},
      {{"REDIS_URL", redis_url}, {"DATABASE_URL", database_url}, {"AFTERCOMMIT_SCHEMA", schema.name()}}};
  doctor.exit_code();
  EXPECT_THAT(doctor.output(), AllOf(HasSubstr("worker processes"), Not(HasSubstr("redis_mode")),
                                     Not(HasSubstr("cluster-enabled"))));
}

INSTANTIATE_TEST_SUITE_P(Of, RedisForms,
                         ::testing::Values(RedisForm{"Tls", &start_tls},
                                           RedisForm{"Sentinel", &start_sentinels},
                                           RedisForm{"Cluster", &start_cluster}),
                         [](const auto& form) { return std::string{form.param.name}; });

}  // namespace
}  // namespace aftercommit
