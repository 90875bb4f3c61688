/// What rides with BEGIN and COMMIT goes as plans that the server has made once, and works whatever becomes
/// of these.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "client/job_table/claim_forms.hpp"
#include "client/job_table/job_table.hpp"
#include "client/transaction/session.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/postgres_proxy.hpp"

namespace aftercommit {
namespace {

using support::caught;
using support::Deliberate;
using support::sqlstate;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

const auto kInsertsAJob = AllOf(HasSubstr("INSERT INTO"), HasSubstr(".job"));
const auto kDeletesAJob = AllOf(HasSubstr("DELETE FROM"), HasSubstr(".job"));
const auto kEntersTheLedger = AllOf(HasSubstr("INSERT INTO"), HasSubstr(".ledger"));
const auto kProves = HasSubstr("pg_current_xact_id_if_assigned");

class ServerPlans : public support::Payments, public ::testing::Test {
 protected:
  /// Those of ours on this thread's connection, of which there is one.
  std::vector<std::string> plans() {
    std::vector<std::string> all;
    for (const auto& row :
         database.exec("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'aftercommit%'")) {
      all.push_back(row[0].as<std::string>());
    }
    return all;
  }

  /// A job that has been delivered to a worker.
  Envelope delivered(bool durable = true) {
    return {.id = durable ? receipt.delay(0) : JobId::generate(), .durable = durable};
  }
  /// Runs `body` as a worker runs a task: in the transaction that claims the job.
  template <class Body>
  void run(const Envelope& job, Body&& body) {
    detail::AnyClaim claim{job, &database};
    Atomic block{database, claim->begin()};
    ASSERT_TRUE(claim->is_ours());
    body();
    block.commit();
  }
  /// Whether a worker would find that the job is still to be run.
  bool to_be_run(const Envelope& job) {
    detail::AnyClaim claim{job, &database};
    const Atomic block{database, claim->begin()};
    return claim->is_ours();
  }
  void insert_payment(long id) { database.exec("INSERT INTO payment VALUES ($1)", id); }

  /// Drops all plans in a way that nobody can see from the statement.
  void drop_plans_unseen() { database.exec("DO $$ BEGIN EXECUTE 'DEALLO' || 'CATE ALL'; END $$"); }
};

TEST_F(ServerPlans, AreUsedForTheRowOfADurableJob) {
  EXPECT_THAT(plans(), IsEmpty());
  for (long id = 1; id <= 3; ++id) {
    database.atomic([&] { pay(id); });
    EXPECT_THAT(plans(), ElementsAre(kInsertsAJob));
  }
  expect_paid({1, 2, 3});
}

TEST_F(ServerPlans, AreUsedForTheGuardAndTheProofOfADurableJob) {  // P7
  for (long id = 1; id <= 3; ++id) {
    const auto job = delivered();
    run(job, [&] { insert_payment(id); });
    EXPECT_FALSE(to_be_run(job));
  }
  EXPECT_THAT(plans(), UnorderedElementsAre(kInsertsAJob, kDeletesAJob, kProves));
  EXPECT_EQ(committed_rows(), (std::vector<long>{1, 2, 3}));
}

TEST_F(ServerPlans, AreUsedForTheGuardAndTheProofOfAnOnCommitJob) {  // P7
  for (long id = 1; id <= 3; ++id) {
    const auto job = delivered(false);
    run(job, [&] { insert_payment(id); });
    EXPECT_FALSE(to_be_run(job));
  }
  EXPECT_THAT(plans(), UnorderedElementsAre(kEntersTheLedger, kProves));
  EXPECT_EQ(committed_rows(), (std::vector<long>{1, 2, 3}));
}

TEST_F(ServerPlans, AreNotNeededForSeveralJobsWhichGoAsOneInsert) {
  outside("CREATE TABLE said (statement text)");
  outside(
      "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN INSERT INTO said VALUES (current_query()); RETURN NULL; END $$");
  outside("CREATE TRIGGER say AFTER INSERT ON job FOR EACH STATEMENT EXECUTE FUNCTION say()");
  database.atomic([&] {
    pay(1);
    pay(2);
  });
  EXPECT_EQ(outside("SELECT FROM said").size(), 1U);
  EXPECT_THAT(plans(), IsEmpty());
  expect_paid({1, 2});
}

TEST_F(ServerPlans, OutliveTheRollbackOfTheTransactionThatMadeThem) {
  const auto job = delivered();
  EXPECT_THROW(run(job,
                   [&] {
                     insert_payment(1);
                     throw Deliberate{};
                   }),
               Deliberate);
  EXPECT_THAT(plans(), UnorderedElementsAre(kInsertsAJob, kDeletesAJob));
  run(job, [&] { insert_payment(2); });
  EXPECT_FALSE(to_be_run(job));
  EXPECT_EQ(committed_rows(), std::vector<long>{2});
}

TEST_F(ServerPlans, AreMadeAgainWhereTheTransactionDroppedThem) {  // P1
  database.atomic([&] { pay(1); });
  for (const auto* drop : {"DEALLOCATE ALL", "deallocate prepare all", "DISCARD PLANS; DEALLOCATE ALL"}) {
    const auto id = static_cast<long>(committed_rows().size()) + 1;
    database.atomic([&] {
      pay(id);
      database.exec(drop);
      EXPECT_THAT(plans(), IsEmpty());
    });
    EXPECT_THAT(plans(), ElementsAre(kInsertsAJob)) << drop;
  }
  expect_paid({1, 2, 3, 4});
}

TEST_F(ServerPlans, AreMadeAgainWhereATaskDroppedThem) {  // P7
  for (long id = 1; id <= 3; ++id) {
    const auto job = delivered();
    run(job, [&] {
      pay(id);
      database.exec("DEALLOCATE ALL");
    });
    EXPECT_FALSE(to_be_run(job));
  }
  EXPECT_EQ(committed_rows(), (std::vector<long>{1, 2, 3}));
  EXPECT_EQ(hooks(), (std::vector<long>{1, 2, 3}));
}

TEST_F(ServerPlans, AreMadeAgainWhereTheyWereDroppedBetweenTransactions) {
  database.atomic([&] { pay(1); });
  database.exec("DISCARD ALL");
  database.exec("SET search_path TO " + schema().name());
  database.atomic([&] { pay(2); });
  expect_paid({1, 2});
}

TEST_F(ServerPlans, ThatWereDroppedUnseenCostOneTransactionAndNotTheNext) {  // P1
  database.atomic([&] { pay(1); });
  const auto error = caught<pqxx::sql_error>([&] {
    database.atomic([&] {
      pay(2);
      drop_plans_unseen();
    });
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(sqlstate(*error), "26000");
  database.atomic([&] { pay(3); });
  expect_paid({1, 3});
}

TEST_F(ServerPlans, ThatCouldNotBeMadeAreMadeTheNextTime) {  // P1
  outside("ALTER TABLE job RENAME TO elsewhere");
  EXPECT_THROW(database.atomic([&] { pay(1); }), ConfigError);
  outside("ALTER TABLE elsewhere RENAME TO job");
  database.atomic([&] { pay(2); });
  EXPECT_THAT(plans(), ElementsAre(kInsertsAJob));
  expect_paid({2});
}

TEST_F(ServerPlans, ServeOnAfterACommitThatFailed) {  // P1
  outside("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$");
  outside(
      "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON payment DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW WHEN (NEW.id > 1000) EXECUTE FUNCTION refuse()");
  EXPECT_THROW(database.atomic([&] { pay(1001); }), pqxx::sql_error) << "with the plan it made";
  database.atomic([&] { pay(1); });
  EXPECT_THROW(database.atomic([&] { pay(1002); }), pqxx::sql_error) << "with one that was there";
  database.atomic([&] { pay(2); });
  expect_paid({1, 2});
}

TEST_F(ServerPlans, AreNotLeftBehindWithoutEndByCommitsThatFail) {
  outside("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$");
  outside(
      "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON payment DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION refuse()");
  for (long id = 1; id <= 1100; ++id) EXPECT_THROW(database.atomic([&] { pay(id); }), pqxx::sql_error);
  EXPECT_LE(plans().size(), 1001U);
  outside("DROP TRIGGER refuse ON payment");
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

TEST_F(ServerPlans, AreThoseOfAConnectionAlone) {
  database.atomic([&] { pay(1); });
  EXPECT_EQ(kill_connections(), 1);
  EXPECT_THAT(plans(), IsEmpty());
  database.atomic([&] { pay(2); });
  EXPECT_THAT(plans(), ElementsAre(kInsertsAJob));
  expect_paid({1, 2});
}

/// DATABASE_URL leads through a proxy.
class ThroughAProxy : support::OnPrivatePostgres {
 protected:
  ThroughAProxy() { ::setenv("DATABASE_URL", proxy.url().c_str(), 1); }

  support::PostgresProxy proxy{server};
};

class ServerPlansBehindAPooler : protected ThroughAProxy, public ServerPlans {};

TEST_F(ServerPlansBehindAPooler, AreNotMade) {  // P1, P7
  database.atomic([&] { pay(1); });
  EXPECT_THAT(plans(), ElementsAre(kInsertsAJob)) << "a proxy is no pooler";

  proxy.make_up_process_ids(true);
  EXPECT_EQ(kill_connections(), 1);
  for (long id = 2; id <= 3; ++id) {
    database.atomic([&] { pay(id); });
    for (const bool durable : {true, false}) {
      const auto job = delivered(durable);
      run(job, [&] { insert_payment(id * 10 + (durable ? 1 : 0)); });
      EXPECT_FALSE(to_be_run(job));
    }
  }
  EXPECT_THAT(plans(), IsEmpty());
  EXPECT_EQ(committed_rows(), (std::vector<long>{1, 2, 3, 20, 21, 30, 31}));
  EXPECT_EQ(hooks(), (std::vector<long>{1, 2, 3}));
}

}  // namespace
}  // namespace aftercommit
