/// The transaction of a worker's next job begins in the message that commits the one before: and each is its
/// own all the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "client/job_table/claim_forms.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/session.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::HeldLock;
using support::WorkerTest;

constexpr long kJobs = 300;

class NextJob : public WorkerTest {
 protected:
  NextJob() {
    run("CREATE TABLE said (message text)");
    run("CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "INSERT INTO said VALUES (current_query()); RETURN NULL; END $$");
    run("CREATE TRIGGER say AFTER DELETE ON {schema}.job FOR EACH ROW EXECUTE FUNCTION say()");
    run("CREATE TABLE refused (what text)");
  }

  pqxx::result run(const std::string& sql) {
    return app.database().exec(detail::in_schema(sql, schema.name()));
  }
  /// How many jobs of this one's have been claimed in the message of another's commit.
  long claimed_ahead() {
    return run("SELECT count(*) FROM said WHERE message LIKE '%COMMIT; BEGIN%'")[0][0].as<long>();
  }
  /// In one transaction, so that they come together.
  std::vector<JobId> enqueue(long from, long to) {
    std::vector<JobId> ids;
    app.database().atomic([&] {
      for (long value = from; value <= to; ++value) ids.push_back(tasks.insert.delay(value));
    });
    return ids;
  }
  static std::vector<long> all_but(long value) {
    std::vector<long> values;
    for (long i = 1; i <= kJobs; ++i) {
      if (i != value) values.push_back(i);
    }
    return values;
  }
  /// Makes the commit of the effect `value` fail for as long as it stands in `refused`.
  void refuse_commit_of(long value) {
    run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT FROM refused WHERE what = NEW.value::text) THEN RAISE 'not yet'; END IF; "
        "RETURN NULL; END $$");
    run("CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION refuse()");
    run("INSERT INTO refused VALUES ('" + std::to_string(value) + "')");
  }
  /// The same for who wants to claim the job.
  void refuse_claim_of(const JobId& job) {
    run("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF EXISTS (SELECT FROM refused WHERE what = OLD.id::text) THEN RAISE 'not yet'; END IF; "
        "RETURN OLD; END $$");
    run("CREATE TRIGGER refuse BEFORE DELETE ON {schema}.job FOR EACH ROW EXECUTE FUNCTION refuse()");
    run("INSERT INTO refused VALUES ('" + job.str() + "')");
  }
  void refuse_no_more() { run("DELETE FROM refused"); }
};

TEST_F(NextJob, BeginsInTheMessageThatCommitsTheOneBefore) {
  enqueue(1, kJobs);
  start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually_effects(all_but(0)));
  EXPECT_TRUE(eventually_empty());
  EXPECT_GT(claimed_ahead(), 0);
  EXPECT_EQ(starts(), static_cast<std::size_t>(kJobs));
}

TEST_F(NextJob, LetsTheServerCountItsRowsForAutovacuum) {
  run("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.002); "
      "RETURN NULL; END $$");
  run("CREATE TRIGGER dawdle AFTER INSERT ON effect FOR EACH ROW EXECUTE FUNCTION dawdle()");
  enqueue(1, 5 * kJobs);
  start_worker({"--concurrency", "1"});
  const auto counted = [&] {
    return run("SELECT n_tup_ins FROM pg_stat_user_tables WHERE relid = 'effect'::regclass")[0][0].as<long>();
  };
  long first = 0;
  EXPECT_TRUE(eventually([&] { return (first = counted()) > 0; }));
  EXPECT_TRUE(eventually([&] { return counted() > first; }));
  EXPECT_GT(run("SELECT FROM {schema}.job").size(), 0U) << "while job follows job";
  EXPECT_GT(claimed_ahead(), 0);
}

TEST_F(NextJob, RunsThoughTheCommitBeforeFails) {  // P3, P7
  refuse_commit_of(150);
  const auto jobs = enqueue(1, kJobs);
  start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually_effects(all_but(150)));
  EXPECT_TRUE(eventually([&] { return starts(jobs[149]) > 1; })) << "it is retried";
  refuse_no_more();
  EXPECT_TRUE(eventually_effects(all_but(0)));
  EXPECT_GT(claimed_ahead(), 0);
  EXPECT_EQ(starts() - starts(jobs[149]), static_cast<std::size_t>(kJobs - 1)) << "no other ran twice";
}

TEST_F(NextJob, ThatCannotBeginLeavesTheOneBeforeInEffect) {  // P7
  const auto jobs = enqueue(1, kJobs);
  refuse_claim_of(jobs[149]);
  auto& worker = start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually_effects(all_but(150)));
  refuse_no_more();
  EXPECT_TRUE(eventually_effects(all_but(0)));
  EXPECT_TRUE(eventually_empty());
  EXPECT_GT(claimed_ahead(), 0);
  EXPECT_EQ(starts(), static_cast<std::size_t>(kJobs)) << "each ran once";
  EXPECT_THAT(worker.log(), ::testing::Not(::testing::HasSubstr("job failed"))) << "and none used up a retry";
}

TEST_F(NextJob, ThatCannotBeReadIsBuriedAndTheOthersRun) {
  app.database().atomic([&] {
    for (long value = 1; value <= kJobs; ++value) {
      tasks.insert.delay(value);
      if (value % 100 == 0) run("SELECT {schema}.enqueue('two', '[1]')");
    }
  });
  start_worker({"--concurrency", "1"});
  EXPECT_EQ(eventually_dead(kJobs / 100).size(), static_cast<std::size_t>(kJobs / 100));
  EXPECT_TRUE(eventually_effects(all_but(0)));
}

TEST_F(NextJob, IsNotHeldBehindTheHooksOfTheOneBefore) {
  app.database().atomic([&] {
    for (long value = 1; value <= kJobs; ++value) tasks.insert.delay(value);
    tasks.hang_in_hook.delay(kJobs + 1);
    for (long value = kJobs + 2; value <= 2 * kJobs; ++value) tasks.insert.delay(value);
  });
  ASSERT_TRUE(eventually([&] { return broker->counts("default").ready == 2 * kJobs; })) << "in their order";
  start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually([&] { return effects().size() == kJobs + 1; }));
  start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 2 * kJobs; }));
}

TEST_F(NextJob, IsGivenBackWithTheOneThatDoesNotEndInTime) {
  run("CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.value = 150 THEN PERFORM pg_sleep(600); END IF; RETURN NULL; END $$");
  run("CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION hang()");
  enqueue(1, kJobs);
  auto& worker = start_worker({"--concurrency", "1", "--processes", "0", "--shutdown-timeout", "1"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 149; }));
  worker.signal(SIGTERM);
  EXPECT_TRUE(worker.exit_code().has_value());
  EXPECT_EQ(broker->counts("default").running, 0) << "all that it had fetched was given back";
  const auto counts = broker->counts("default");
  EXPECT_EQ(counts.ready, kJobs - 149) << worker.log();
}

TEST_F(NextJob, IsGivenBackByAWorkerThatStops) {
  HeldLock lock{database_url, lock_key};
  run("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.value = 150 THEN PERFORM pg_advisory_xact_lock(" +
      std::to_string(lock_key) + "); END IF; RETURN NULL; END $$");
  run("CREATE CONSTRAINT TRIGGER wait AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION wait()");
  enqueue(1, kJobs);
  auto& worker = start_worker({"--concurrency", "1"});
  EXPECT_TRUE(eventually([&] { return effects().size() == 149; }));
  worker.signal(SIGTERM);
  EXPECT_TRUE(worker.says("worker stopping"));
  EXPECT_TRUE(eventually([&] { return broker->counts("default").running <= 2; })) << "those in hand";
  lock.release();
  EXPECT_EQ(worker.exit_code(), 0);
  EXPECT_EQ(effects().size(), 150U) << "the one that was running";
  EXPECT_EQ(broker->counts("default").ready, kJobs - 150);
}

/// What a session does with a transaction that begins before its block.
class BegunAhead : public NextJob {
 protected:
  BegunAhead() {
    for (const auto& id : enqueue(1, 2)) jobs.push_back({.id = id, .durable = true});
    first.emplace(jobs[0], &app.database());
    second.emplace(jobs[1], &app.database());
  }

  /// Runs the first job, and leaves the second one begun.
  void run_first() {
    Atomic block{app.database(), first->begin()};
    ASSERT_TRUE(first->is_ours());
    app.database().exec("INSERT INTO effect(value) VALUES ($1)", 1);
    first->riders().next = &second->begin();
    block.commit();
  }
  /// Asked over another connection.
  bool second_is_held() {
    bool held = false;
    std::jthread{[&] {
      held = run("SELECT FROM {schema}.job WHERE id = '" + jobs[1].id.str() + "' FOR UPDATE SKIP LOCKED")
                 .empty();
    }}.join();
    return held;
  }

  std::vector<Envelope> jobs;
  detail::AnyClaim first;
  detail::AnyClaim second;
};

TEST_F(BegunAhead, IsTheTransactionOfItsBlock) {  // P7
  std::jthread{[&] {
    run_first();
    EXPECT_TRUE(second_is_held());
    Atomic block{app.database(), second->riders()};
    EXPECT_TRUE(second->is_ours());
    app.database().exec("INSERT INTO effect(value) VALUES ($1)", 2);
    block.commit();
  }}.join();
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_TRUE(run("SELECT FROM {schema}.job").empty());
}

TEST_F(BegunAhead, IsRolledBackWithItsBlock) {  // P7
  std::jthread{[&] {
    run_first();
    const Atomic block{app.database(), second->riders()};
    EXPECT_TRUE(second->is_ours());
  }}.join();
  EXPECT_FALSE(second_is_held());
  EXPECT_EQ(run("SELECT FROM {schema}.job").size(), 1U);
}

TEST_F(BegunAhead, IsGivenUpForAnyOtherStatementOfItsThread) {
  std::jthread{[&] {
    run_first();
    EXPECT_EQ(run("UPDATE {schema}.job SET attempt = attempt").affected_rows(), 1U) << "it does not wait";
    EXPECT_FALSE(second_is_held());
  }}.join();
}

TEST_F(BegunAhead, IsGivenUpForAnyOtherBlockOfItsThread) {
  std::jthread{[&] {
    run_first();
    app.database().atomic([&] { EXPECT_FALSE(second_is_held()); });
    Atomic block{app.database(), second->riders()};
    EXPECT_TRUE(second->is_ours()) << "it can begin as always";
    block.commit();
  }}.join();
  EXPECT_TRUE(run("SELECT FROM {schema}.job").empty());
}

TEST_F(BegunAhead, EndsWithItsThread) {
  std::jthread{[&] { run_first(); }}.join();
  EXPECT_TRUE(eventually([&] { return !second_is_held(); }));
}

TEST_F(BegunAhead, DoesNotBeginWhereSomethingWaitsForTheCommit) {
  std::jthread{[&] {
    bool called = false;
    Atomic block{app.database(), first->begin()};
    ASSERT_TRUE(first->is_ours());
    first->riders().next = &second->begin();
    app.database().on_commit([&] { called = !second_is_held(); });
    block.commit();
    EXPECT_TRUE(called);
  }}.join();
}

}  // namespace
}  // namespace aftercommit
