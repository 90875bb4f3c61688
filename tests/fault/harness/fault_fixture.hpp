/// A test with servers of its own, real workers and producers, and the oracle at its end.
#pragma once

#include <gtest/gtest.h>
#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <deque>
#include <filesystem>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/load.hpp"
#include "fault/harness/oracle.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/worker_process.hpp"
#include "support/servers/cluster_set.hpp"
#include "support/servers/postgres_pair.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/private_redis.hpp"
#include "support/servers/server_faults.hpp"

namespace aftercommit::fault {

using support::eventually;
using namespace std::chrono_literals;

/// How WorkerProcess::exit_code() tells that a program was killed.
inline constexpr int kKilled = 128 + 9;

/// Of the first job of a producer that is not the first of its test.
inline constexpr long kFirst = 1'000'000;

/// The name of a test with a parameter: "quick exit" is QuickExit.
std::string name_of(const ::testing::TestParamInfo<const char*>& test);

/// Draws a seed, or takes the one of FAULT_SEED; it stands in every failure.
std::uint64_t choose_seed();

/// Both servers, the tables in them, and the files outside: what a test and the program chaos share.
class Site {
 public:
  /// `shards`: of Redis, servers with the same options.  kCluster: six in a cluster, with a replica of each
  /// master, and no use of the server `redis`.
  static constexpr std::size_t kCluster = 0;
  explicit Site(std::vector<std::string> redis_options = support::kKeepsData,
                std::optional<support::Standby> standby = {}, std::size_t shards = 1);
  ~Site();
  Site(const Site&) = delete;
  Site& operator=(const Site&) = delete;

  /// Leads to whoever is the primary.
  std::string database_url() const { return pair ? pair->url() : postgres.url(); }
  /// Of all shards.
  std::string redis_url() const;
  std::vector<const support::PrivateRedis*> all_redis() const;
  /// Environment of every program.
  std::map<std::string, std::string> environment(std::map<std::string, std::string> more = {}) const;
  /// A worker's command with the short leases of the tests; of these options the later ones count.
  static std::vector<std::string> worker_command(const std::vector<std::string>& options,
                                                 const std::string& library = AFTERCOMMIT_FAULT_TASKS);
  std::vector<std::string> producer_command(long first, long count, long pause_ms = 0);

  /// Runs SQL in a session of its own, as nobody's product; throws while the server is away.
  pqxx::result ask(const std::string& sql);
  /// Whether nothing waits any more, in either server.
  bool idle();
  Evidence evidence() const;

  support::PrivateRedis redis;
  std::deque<support::PrivateRedis> more_redis{};  ///< the other shards
  std::optional<support::ClusterSet> cluster{};
  support::PrivatePostgres postgres;
  std::optional<support::PostgresPair> pair{};  ///< of that one and its standby, where there is one
  const std::filesystem::path folder;
  const std::uint64_t seed = choose_seed();
  std::vector<long long> broker_losses{};     ///< to be noted by who makes Redis lose its data
  std::vector<long long> lossy_promotions{};  ///< and by who lets a standby take over that lacks commits

 private:
  int intent_files_ = 0;
  std::unique_ptr<pqxx::connection> onlooker_;
};

class FaultTest : public ::testing::Test {
 protected:
  explicit FaultTest(std::vector<std::string> redis_options = support::kKeepsData,
                     std::optional<support::Standby> standby = {}, std::size_t shards = 1);
  ~FaultTest() override;

  using Worker = support::WorkerProcess;
  struct Start {
    std::vector<std::string> options{};
    std::map<std::string, std::string> environment{};
    std::string library = AFTERCOMMIT_FAULT_TASKS;
    bool wait = true;                   ///< until it has started
    std::vector<std::string> before{};  ///< words in front of the command, such as strace's
  };
  /// By default a single process that runs four jobs at once, with a relay.
  Worker& start_worker(Start start);
  Worker& start_worker(std::vector<std::string> options = {}) {
    return start_worker(Start{.options = std::move(options)});
  }
  /// A worker that will die, or stop, at the n-th pass through this place.
  Worker& start_doomed(const std::string& point, int nth = 1, const std::string& how = "kill",
                       std::vector<std::string> options = {});
  /// A relay alone.
  Worker& start_relay(Start start);
  Worker& start_relay() { return start_relay(Start{}); }
  /// Transactions of the standard load, in a program of its own.
  Worker& start_producer(long first, long count, std::map<std::string, std::string> environment = {},
                         std::vector<std::string> before = {}, long pause_ms = 0);

  /// Transactions of the standard load, in this thread.
  void produce(long count);
  /// One transaction of this test's own, in this thread; see Load::transact.
  Outcome transact(const std::function<void(Transaction&, Intent&)>& body, bool commits = true);
  /// One job of the task ok in a transaction of its own; its id.
  std::string enqueue_one(long slot = 0);

  // What the oracle's tables say so far.
  long count(const std::string& sql);
  long effects() { return count("SELECT count(*) FROM effect"); }
  long effects_of(const std::string& job) {
    return count("SELECT count(*) FROM effect WHERE job_id = '" + job + "'");
  }
  long rows_of(const std::string& job) {
    return count("SELECT count(*) FROM aftercommit.job WHERE id = '" + job + "'");
  }
  std::vector<std::string> runs_of(const std::string& job);  ///< the lines of the runs file
  /// Waits until one of this test's programs has been stopped by SIGSTOP; its process, 0 if none was.
  static pid_t eventually_stopped();
  bool eventually_blocked_on_advisory_lock(long sessions = 1);

  /// Waits until all is done, and asks the oracle.
  Findings settle(std::chrono::milliseconds deadline = 40s);
  /// The theorem: every committed job has taken effect once, or is dead as it should be, and no other ran.
  void expect_promises_kept(std::chrono::milliseconds deadline = 40s);

  Site site;
  support::PrivateRedis& redis = site.redis;
  support::PrivatePostgres& postgres = site.postgres;
  App app;
  const FaultTasks tasks{app};
  std::list<Worker> programs;

 private:
  IntentFile intents_;
  Load load_;
  long next_ = 0;  ///< transactions of this thread count from 0, those of producers elsewhere
};

/// Holds an advisory lock, on a connection of its own, until released or destroyed.
class HeldKey {
 public:
  HeldKey(const std::string& database_url, long key);
  ~HeldKey();
  void release();

 private:
  struct Connection;
  std::unique_ptr<Connection> connection_;
};

}  // namespace aftercommit::fault
