/// Another PostgreSQL at the same address, or the same one after a crash: transaction ids come again.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>

#include "client/job_table/job_feed.hpp"
#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

/// The relay looks so seldom that it knows of what happens only by the next look.
const std::vector<std::string> kSeldom{"--relay-interval", "6"};

class Failover : public FaultTest {
 protected:
  /// The id that the next transaction gets.
  unsigned long long next_id() {
    return std::stoull(site.ask("SELECT pg_snapshot_xmax(pg_current_snapshot())")[0][0].c_str());
  }
  void use_up_ids(int count) {
    for (int i = 0; i < count; ++i) site.ask("SELECT pg_current_xact_id()");
  }
  /// Wakes the relay, and waits until it has read all that there is.
  void let_relay_read() {
    const auto id = next_id();
    EXPECT_TRUE(eventually([&] {
      site.ask("NOTIFY aftercommit");
      return std::ranges::any_of(ask_redis_list(redis, {"HVALS", "ac:{load}:relay"}), [&](const auto& text) {
        const auto cursor = detail::FeedCursor::parse(text);
        return cursor && cursor->complete &&
               std::stoull(cursor->shown.substr(cursor->shown.find(':') + 1)) >= id;
      });
    }));
  }
  std::string enqueue_by_sql() {
    std::string job;
    transact([&](Transaction& tx, Intent& intent) { job = ask_by_sql(tx, intent, "ok", "[1]").id; });
    return job;
  }
  /// The postmaster lives on, and starts all others again.
  void crash_one_process(pid_t process) {
    const auto statistics_since = [this] {
      return site.ask("SELECT pg_stat_get_bgwriter_stat_reset_time()")[0][0].as<std::string>();
    };
    const auto before = statistics_since();
    ASSERT_EQ(::kill(process, SIGKILL), 0);
    ASSERT_TRUE(eventually([&] {
      try {
        return statistics_since() != before;
      } catch (const std::exception&) {
        return false;  // it recovers
      }
    }));
  }
  void expect_not_passed_over(unsigned long long ids_before) {
    ASSERT_LT(next_id(), ids_before) << "no id would come again";
    const auto job = enqueue_by_sql();
    use_up_ids(600);
    ASSERT_GT(next_id(), ids_before);
    EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 20s));
    expect_promises_kept();
  }
};

TEST_F(Failover, ThatLosesCommitsPassesNoJobOver) {  // P6
  postgres.keep_copy();
  start_worker(kSeldom);
  use_up_ids(300);
  let_relay_read();
  const auto ids = next_id();
  postgres.go_back(true);
  site.ask("SELECT pg_promote()");
  expect_not_passed_over(ids);
}

TEST_F(Failover, ToABackupPassesNoJobOver) {  // P6
  postgres.keep_copy();
  start_worker(kSeldom);
  use_up_ids(300);
  let_relay_read();
  const auto ids = next_id();
  postgres.go_back(false);
  expect_not_passed_over(ids);
}

TEST_F(Failover, ToAStandbyIsToldUntilItIsPromoted) {  // P6
  postgres.keep_copy();
  auto& worker = start_worker();
  postgres.go_back(true);
  EXPECT_TRUE(worker.says("is a standby")) << worker.log();
  site.ask("SELECT pg_promote()");
  const auto job = enqueue_by_sql();
  EXPECT_TRUE(eventually([&] { return effects_of(job) == 1; }, 20s)) << worker.log();
  expect_promises_kept();
}

TEST_F(Failover, IsNotNeededForIdsToComeAgain) {  // P6: the crash of one process will do
  postgres.set("wal_writer_delay", "10s");
  start_worker(kSeldom);
  auto ids = next_id();
  for (int crashes = 0; crashes < 5 && next_id() >= ids; ++crashes) {  // unless all was on the disk
    let_relay_read();
    pqxx::connection connection{postgres.url()};
    for (int i = 0; i < 60; ++i) {
      pqxx::work transaction{connection};
      transaction.exec("SELECT pg_current_xact_id()");
      transaction.abort();
    }
    let_relay_read();
    ids = next_id();
    crash_one_process(connection.backendpid());
  }
  expect_not_passed_over(ids);
}

}  // namespace
}  // namespace aftercommit::fault
