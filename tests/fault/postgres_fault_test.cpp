/// A PostgreSQL that crashes, loses connections in the midst of a COMMIT, and refuses transactions.
#include <gtest/gtest.h>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class PostgresFault : public FaultTest {
 protected:
  /// Ends all sessions that wait for `event` right now; how many.
  long end_sessions_waiting_for(const std::string& event) {
    return count("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE wait_event = '" +
                 event + "'");
  }
};

TEST_F(PostgresFault, OfCrashesUnderLoadLosesAndDoublesNothing) {  // P6, P7
  constexpr int kCrashes = 4;
  auto& producer = start_producer(kFirst, 60L * kCrashes, {}, {}, 5);
  start_worker();
  start_worker();
  for (int i = 0; i < kCrashes; ++i) {
    const auto before = effects();
    ASSERT_TRUE(eventually([&] { return effects() > before + 5 || !producer.runs(); }))
        << "it does not go on";
    support::crash(postgres);
  }
  EXPECT_EQ(producer.exit_code(90s), 0);
  expect_promises_kept();
}

TEST_F(PostgresFault, InACommitThatStandsIsFoundDoneByTheNextDelivery) {  // P7
  auto& worker = start_worker();
  constexpr long kJobs = 12;
  long ended = 0;
  postgres.make_commits_hang();
  // Asked for by a session that waits for no standby.
  transact([&](Transaction& tx, Intent& intent) {
    tx.exec("SET LOCAL synchronous_commit = local");
    for (long slot = 0; slot < kJobs; ++slot) ask_by_sql(tx, intent, "ok", "[" + std::to_string(slot) + "]");
  });
  EXPECT_TRUE(eventually([&] {
    ended += end_sessions_waiting_for("SyncRep");
    return effects() == kJobs;
  })) << worker.log();
  EXPECT_GE(ended, kJobs / 4) << "no commit was cut off";
  postgres.let_commits_end();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << worker.log();
  EXPECT_TRUE(findings.reruns.empty()) << "it was in effect already: " << findings.reruns.front();
}

TEST_F(PostgresFault, InACommitThatDoesNotStandUsesUpNoAttempt) {  // P3, P7
  site.ask("CREATE TABLE hang()");
  site.ask("INSERT INTO hang DEFAULT VALUES");
  site.ask(
      "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF EXISTS (SELECT FROM hang) THEN PERFORM pg_sleep(60); END IF; RETURN NULL; END $$");
  site.ask(
      "CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION hang()");
  auto& worker = start_worker();
  constexpr long kJobs = 8;
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < kJobs; ++slot) ask(intent, tasks.ok, {}, slot);
  });
  long ended = 0;
  EXPECT_TRUE(eventually([&] { return (ended += end_sessions_waiting_for("PgSleep")) >= kJobs; }))
      << worker.log();
  EXPECT_EQ(effects(), 0);
  site.ask("DELETE FROM hang");
  eventually([&] {
    end_sessions_waiting_for("PgSleep");
    return effects() == kJobs;
  });
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text() << worker.log();
  EXPECT_FALSE(findings.reruns.empty()) << "every job had to run again";
}

TEST_F(PostgresFault, InTheCommitOfAProducerIsToldAsDoubt) {  // P1, P6
  postgres.make_commits_hang();
  auto& producer = start_producer(kFirst, 6);  // each takes a second or two
  long ended = 0;
  while (producer.runs()) {
    ended += end_sessions_waiting_for("SyncRep");
    eventually([&] { return !producer.runs(); }, 20ms);
  }
  EXPECT_EQ(producer.exit_code(), 0);
  EXPECT_GT(ended, 0) << "no commit was cut off";
  postgres.let_commits_end();
  start_worker();
  expect_promises_kept();
}

TEST_F(PostgresFault, ThatEndsSessionsAtAnyTimeLosesAndDoublesNothing) {  // P6, P7
  auto& producer = start_producer(kFirst, 150, {}, {}, 5);
  auto& worker = start_worker();
  long ended = 0;
  while (producer.runs()) {
    ended += count(
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
        "WHERE pid <> pg_backend_pid() AND backend_type = 'client backend' AND random() < 0.3");
    eventually([&] { return !producer.runs(); }, 50ms);
  }
  EXPECT_EQ(producer.exit_code(), 0);
  EXPECT_GT(ended, 10);
  expect_promises_kept();
  EXPECT_TRUE(worker.runs());
}

TEST_F(PostgresFault, OfDeadlocksUsesUpNoAttempt) {  // P3, P7
  start_worker({"--concurrency", "8"});
  constexpr long kPairs = 8;
  for (int round = 0; round < 3; ++round) {
    transact([&](Transaction&, Intent& intent) {
      for (long pair = 0; pair < kPairs; ++pair) {
        ask(intent, tasks.cross, {}, 2 * pair, 2 * pair + 1);
        ask(intent, tasks.cross, {}, 2 * pair + 1, 2 * pair);
      }
    });
  }
  expect_promises_kept();
  EXPECT_GT(count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0);
}

TEST_F(PostgresFault, OfSerializationFailuresDoublesNothing) {  // P7
  site.ask("ALTER DATABASE postgres SET default_transaction_isolation = 'serializable'");
  start_worker();
  start_worker();
  for (int round = 0; round < 2; ++round) {
    transact([&](Transaction&, Intent& intent) {
      for (long slot = 0; slot < 20; ++slot)
        ask(intent, tasks.cross, {.max_retries = 20}, slot % 3, 3 + slot % 3);
    });
  }
  auto findings = settle();
  findings.miscounted.clear();  // more conflicts in a row than are run again at once are failures
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
}

}  // namespace
}  // namespace aftercommit::fault
