/// Jobs cancelled by SQL: with the transaction that asks for it, and with a word on where each stood.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "client/job_table/cancellations.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/job_table/job_table.hpp"
#include "support/fixtures/job_schema.hpp"

namespace aftercommit {
namespace {

using detail::settle_cancels;

class SqlCancel : public support::JobSchema {
 protected:
  std::string cancel(const std::string& id) {
    return outside("SELECT {schema}.cancel('" + id + "')")[0][0].as<std::string>();
  }
  /// What is kept of the only one.
  std::string kept(const std::string& columns) {
    const auto rows = outside("SELECT concat_ws(' ', " + columns + ") FROM {schema}.cancelled");
    return rows.size() == 1 ? rows[0][0].as<std::string>() : std::to_string(rows.size()) + " rows";
  }
  std::size_t rows_of(const std::string& table) { return outside("SELECT FROM {schema}." + table).size(); }

  /// The transaction of a task that runs, as a worker has it.
  class Running {
   public:
    Running(Database& database, const Envelope& job) : job_{job}, claim_{job_, &database} {
      block_.emplace(database, claim_->begin());
      EXPECT_TRUE(claim_->is_ours());
    }
    void commit() { block_->commit(); }
    void fail() { block_.reset(); }

   private:
    const Envelope job_;
    detail::AnyClaim claim_;
    std::optional<Atomic> block_;
  };
};

TEST_F(SqlCancel, TakesAWaitingJobAwayAndKeepsThatItDid) {
  const auto id = enqueue("'send', '[{\"task\":\"other\"}]', queue => 'mail'");
  EXPECT_EQ(outside("SELECT {schema}.cancel('" + id + "', 'the customer has left')")[0][0].as<std::string>(),
            "waiting");
  EXPECT_EQ(rows_of("job"), 0U);
  EXPECT_EQ(kept("id, queue, task, state, note"), id + " mail send waiting the customer has left");
  EXPECT_EQ(cancel(id), "cancelled");
}

TEST_F(SqlCancel, ChangesNothingIfItsTransactionRollsBack) {
  const auto id = enqueue("'send'");
  for (const bool whole : {true, false}) {
    database.atomic([&](Transaction& tx) {
      const auto savepoint = tx.savepoint();
      EXPECT_EQ(tx.exec(sql("SELECT {schema}.cancel($1)"), id)[0][0].as<std::string>(), "waiting");
      EXPECT_EQ(rows_of("job"), 1U) << "others see it before the commit";
      whole ? tx.set_rollback(true) : tx.savepoint_rollback(savepoint);
    });
    EXPECT_EQ(rows_of("job"), 1U);
    EXPECT_EQ(rows_of("cancelled"), 0U);
  }
  EXPECT_EQ(cancel(id), "waiting");
}

TEST_F(SqlCancel, SaysWhereEachJobStood) {
  const auto delayed = enqueue("'send', countdown => interval '1 hour'");
  EXPECT_EQ(cancel(delayed), "delayed");
  const auto dead = enqueue("'send'");
  outside(
      "WITH gone AS (DELETE FROM {schema}.job RETURNING id, queue) "
      "INSERT INTO {schema}.dead (id, queue, letter) SELECT id, queue, '{}' FROM gone");
  EXPECT_EQ(cancel(dead), "dead");
  EXPECT_EQ(rows_of("dead"), 1U) << "that is for a person to decide";
  const auto done = JobId::generate().str();
  outside("INSERT INTO {schema}.ledger (id) VALUES ('" + done + "')");
  EXPECT_EQ(cancel(done), "done");
  EXPECT_EQ(kept("state"), "delayed") << "of the others nothing was cancelled";
}

TEST_F(SqlCancel, KeepsAJobWithoutARowFromTakingEffectEver) {
  const Envelope job{.id = JobId::generate()};
  EXPECT_EQ(cancel(job.id.str()), "unknown");
  detail::AnyClaim claim{job, &database};
  const Atomic block{database, claim->begin()};
  EXPECT_FALSE(claim->is_ours());
  EXPECT_EQ(cancel(job.id.str()), "cancelled");
}

TEST_F(SqlCancel, TakesTheRowThatHasComeSinceItWasAskedForInVain) {
  pqxx::connection connection{schema.url("producer")};
  pqxx::work producer{connection};
  const auto id = producer.exec(sql("SELECT {schema}.enqueue('send')"))[0][0].as<std::string>();
  EXPECT_EQ(cancel(id), "unknown");
  producer.commit();
  const std::vector job{JobId::parse(id).value()};
  EXPECT_TRUE(detail::cancelled_among(database, job, false).empty()) << "nobody stops it when it runs";
  EXPECT_EQ(cancel(id), "waiting");
  EXPECT_EQ(rows_of("job"), 0U);
}

/// With and without a row.
class SqlCancelOfAJobThatRuns : public SqlCancel, public ::testing::WithParamInterface<bool> {
 protected:
  Envelope asked_for() {
    if (!GetParam()) return {.id = JobId::generate()};
    enqueue("'send'");
    return job();
  }
};

INSTANTIATE_TEST_SUITE_P(WithARow, SqlCancelOfAJobThatRuns, ::testing::Bool());

TEST_P(SqlCancelOfAJobThatRuns, HoldsOnceItHasFailed) {
  const auto job = asked_for();
  Running running{database, job};
  Database looks{database.options(), "looks"};
  EXPECT_EQ(cancel(job.id.str()), "running");
  EXPECT_EQ(settle_cancels(looks), std::vector{job.id});
  EXPECT_EQ(cancel(job.id.str()), "running") << "still";
  running.fail();
  EXPECT_TRUE(settle_cancels(looks).empty());
  EXPECT_EQ(kept("state"), "running");
  EXPECT_EQ(rows_of("job"), 0U);
  EXPECT_EQ(rows_of("ledger"), GetParam() ? 0U : 1U) << "without a row this is what keeps it from running";
  EXPECT_EQ(cancel(job.id.str()), "cancelled");
}

TEST_P(SqlCancelOfAJobThatRuns, ComesTooLateIfItCommitsFirst) {
  const auto job = asked_for();
  Running running{database, job};
  Database looks{database.options(), "looks"};
  EXPECT_EQ(cancel(job.id.str()), "running");
  running.commit();
  EXPECT_TRUE(settle_cancels(looks).empty());
  EXPECT_EQ(kept("state"), "too_late");
  EXPECT_EQ(cancel(job.id.str()), "done");
}

TEST_F(SqlCancel, AskedAgainSeesToNoOtherJob) {
  outside("INSERT INTO {schema}.cancelled (id, state) VALUES (gen_random_uuid(), 'requested')");
  const auto id = enqueue("'send'");
  EXPECT_EQ(cancel(id), "waiting");
  EXPECT_EQ(cancel(id), "cancelled");
  EXPECT_EQ(outside("SELECT FROM {schema}.cancelled WHERE state = 'requested'").size(), 1U)
      << "that is for a worker, in a short transaction";
}

TEST_F(SqlCancel, LeavesNoDeadLetterOfAJobThatDiesMeanwhile) {
  enqueue("'send'");
  const auto dying = job();
  Running running{database, dying};
  EXPECT_EQ(cancel(dying.id.str()), "running");
  running.fail();
  EXPECT_TRUE(detail::JobTable{database}.bury(dying.id, 1, "{}"));
  EXPECT_TRUE(settle_cancels(database).empty());
  EXPECT_EQ(rows_of("dead"), 0U);
  EXPECT_EQ(kept("state"), "running");
}

TEST_F(SqlCancel, IsForgottenAfterAWhileUnlessItsJobStillRuns) {
  outside(
      "INSERT INTO {schema}.cancelled (id, state, cancelled_at) VALUES "
      "(gen_random_uuid(), 'waiting', now() - interval '3 hours'), "
      "(gen_random_uuid(), 'requested', now() - interval '3 hours'), (gen_random_uuid(), 'waiting', now())");
  EXPECT_EQ(detail::purge_cancelled(database, std::chrono::hours{2}), 1U);
  EXPECT_EQ(detail::purge_cancelled(database, std::chrono::hours{2}), 0U);
  EXPECT_EQ(rows_of("cancelled"), 2U);
}

TEST_F(SqlCancel, TakesMoreRightsThanEnqueueing) {
  const auto id = enqueue("'send'");
  const auto role = support::unique_name("role");
  outside("CREATE ROLE " + role);
  outside("GRANT USAGE ON SCHEMA {schema} TO " + role + "; GRANT INSERT ON {schema}.job TO " + role);
  const auto as_role = [&] {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL ROLE " + role);
      tx.exec(sql("SELECT {schema}.cancel($1)"), id);
    });
  };
  EXPECT_THROW(as_role(), pqxx::insufficient_privilege);
  outside(
      "GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.job, {schema}.dead, {schema}.ledger, "
      "{schema}.cancelled TO " +
      role);
  EXPECT_NO_THROW(as_role());
  EXPECT_EQ(kept("state"), "waiting");
  outside("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

}  // namespace
}  // namespace aftercommit
