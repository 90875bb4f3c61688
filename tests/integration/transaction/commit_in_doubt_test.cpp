/// A COMMIT whose answer is lost: an error of its own, whichever way the server has decided.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <thread>

#include "support/eventually.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::eventually;

using ::testing::AllOf;
using ::testing::HasSubstr;

/// A shop where a COMMIT can be made to hang, and its connection be cut meanwhile.
class CommitInDoubtTest : public support::Payments, public ::testing::Test {
 protected:
  explicit CommitInDoubtTest(std::optional<Delivery> delivery) : Payments{{.delivery = delivery}} {}

  /// Pays in a block whose COMMIT waits for `event` until its session is ended.
  void pay_and_lose_the_answer(long id, const std::string& event) {
    std::jthread killer{[&] {
      const auto kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = '" +
                        schema().name() + "' AND wait_event = '" + event + "'";
      EXPECT_TRUE(eventually([&] { return !outside(kill).empty(); }));
    }};
    database.atomic([&] { pay(id); });
  }
};

/// COMMIT hangs before it takes effect: in a deferred trigger.
class CommitLostBeforeItStands : public CommitInDoubtTest {
 protected:
  explicit CommitLostBeforeItStands(std::optional<Delivery> delivery = Delivery::kOnCommit)
      : CommitInDoubtTest{delivery} {
    outside(
        "CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN PERFORM pg_sleep(60); RETURN NULL; END $$");
    outside(
        "CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON payment DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW WHEN (NEW.id > 1000) EXECUTE FUNCTION hang()");
  }
};

TEST_F(CommitLostBeforeItStands, IsInDoubtAndRunsNoHookAndSendsNoJob) {  // P1
  EXPECT_THROW(pay_and_lose_the_answer(1001, "PgSleep"), CommitInDoubt);
  expect_paid({});
}

TEST_F(CommitLostBeforeItStands, SaysWhatItMeansForTheCaller) {
  const auto error = support::caught<CommitInDoubt>([&] { pay_and_lose_the_answer(1001, "PgSleep"); });
  ASSERT_TRUE(error);
  EXPECT_TRUE(error->in_doubt());
  EXPECT_FALSE(error->retryable());
  EXPECT_THAT(error->what(), AllOf(HasSubstr("commit on database 'default' is in doubt"),
                                   HasSubstr("jobs were not sent"), HasSubstr("hooks did not run")));
}

TEST_F(CommitLostBeforeItStands, LeavesACleanConnectionToTheNextBlock) {  // P1
  EXPECT_THROW(pay_and_lose_the_answer(1001, "PgSleep"), CommitInDoubt);
  database.atomic([&] { pay(1); });
  expect_paid({1});
}

TEST_F(CommitLostBeforeItStands, IsInDoubtByHandToo) {
  database.set_autocommit(false);
  std::jthread killer{[&] {
    const auto waiting = "SELECT 1 FROM pg_stat_activity WHERE application_name = '" + schema().name() +
                         "' AND wait_event = 'PgSleep'";
    EXPECT_TRUE(eventually([&] { return !outside(waiting).empty(); }));
    kill_connections();
  }};
  database.exec("INSERT INTO payment VALUES (1001)");
  EXPECT_THROW(database.commit(), CommitInDoubt);
  killer.join();
  database.set_autocommit(true);
  EXPECT_TRUE(rows().empty());
}

TEST_F(CommitLostBeforeItStands, IsInDoubtTooWhenTheServerAnswersThatItDoesNotKnow) {  // SQLSTATE 40003
  outside(
      "CREATE OR REPLACE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$ "
      "BEGIN RAISE SQLSTATE '40003'; END $$");
  EXPECT_THROW(database.atomic([&] { pay(1001); }), CommitInDoubt);
  expect_paid({});
}

TEST_F(CommitLostBeforeItStands, IsAPlainErrorWhenTheServerAnswersThatItFailed) {  // P1
  std::jthread canceller{[&] {
    const auto cancel = "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = '" +
                        schema().name() + "' AND wait_event = 'PgSleep'";
    EXPECT_TRUE(eventually([&] { return !outside(cancel).empty(); }));
  }};
  EXPECT_THROW(database.atomic([&] { pay(1001); }), pqxx::sql_error);
  canceller.join();
  expect_paid({});
}

/// The connection goes away before COMMIT is sent: then there is no doubt.
class CommitNeverSent : public CommitInDoubtTest {
 protected:
  explicit CommitNeverSent(std::optional<Delivery> delivery = Delivery::kOnCommit)
      : CommitInDoubtTest{delivery} {}

  void expect_nothing_committed(const std::function<void(Transaction&)>& before_the_end) {
    const auto error = support::caught<DatabaseUnavailable>([&] {
      database.atomic([&](Transaction& tx) {
        pay(1);
        before_the_end(tx);
      });
    });
    ASSERT_TRUE(error);
    EXPECT_THAT(error->what(), HasSubstr("was rolled back: the connection was lost before its commit"));
    EXPECT_TRUE(error->retryable());
    expect_paid({});
    database.atomic([&] { pay(2); });
    expect_paid({2});
  }
};

TEST_F(CommitNeverSent, SinceTheServerHadEndedTheSessionIsNoDoubt) {  // P1
  expect_nothing_committed([&](Transaction&) { EXPECT_EQ(kill_connections(), 1); });
}

TEST_F(CommitNeverSent, SinceTheSessionWasIdleForTooLongIsNoDoubt) {  // P1
  expect_nothing_committed([&](Transaction& tx) {
    tx.exec("SET LOCAL idle_in_transaction_session_timeout = '1ms'");
    const auto ours = "SELECT FROM pg_stat_activity WHERE application_name = '" + schema().name() + "'";
    EXPECT_TRUE(eventually([&] { return outside(ours).empty(); }));
  });
}

TEST_F(CommitNeverSent, SinceSeverHadCutTheConnectionIsNoDoubt) {  // P1
  expect_nothing_committed([](Transaction& tx) { std::jthread{[&] { tx.sever(); }}.join(); });
}

TEST_F(CommitNeverSent, IsNoDoubtByHandEither) {  // P1
  database.set_autocommit(false);
  database.exec("INSERT INTO payment VALUES (1)");
  EXPECT_EQ(kill_connections(), 1);
  EXPECT_THROW(database.commit(), DatabaseUnavailable);
  database.exec("INSERT INTO payment VALUES (2)");
  database.commit();
  database.set_autocommit(true);
  EXPECT_EQ(committed_rows(), (std::vector<long>{2}));
}

TEST_F(CommitNeverSent, OfASeveredBlockThatHasRunNoStatementRunsNoHook) {  // P1
  database.atomic([&] { pay(1); });  // so that a connection lies idle, which would be replaced unseen
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    tx.on_commit([&] { note_hook(2); });
    tx.sever();
  }),
               DatabaseUnavailable);
  EXPECT_THROW(database.atomic([&](Transaction& tx) {
    tx.sever();
    tx.exec("INSERT INTO payment VALUES (3)");
  }),
               Error);
  expect_paid({1});
}

class DurableCommitNeverSent : public CommitNeverSent {
 protected:
  DurableCommitNeverSent() : CommitNeverSent{Delivery::kDurable} {}
};

TEST_F(DurableCommitNeverSent, IsNoDoubtEither) {  // P1
  expect_nothing_committed([&](Transaction&) { EXPECT_EQ(kill_connections(), 1); });
}

TEST_F(DurableCommitNeverSent, SinceTheRowsOfManyJobsWentAheadOfItIsNoDoubtEither) {  // P1
  const std::vector<TaskCall<long>> calls(10'001, TaskCall<long>{1});  // one more than a statement takes
  expect_nothing_committed([&](Transaction&) {
    receipt.delay_many(calls);
    EXPECT_EQ(kill_connections(), 1);
  });
}

/// COMMIT hangs after it took effect: waiting for a standby that does not exist.
class CommitLostAfterItStands : protected support::OnPrivatePostgres, public CommitInDoubtTest {
 protected:
  explicit CommitLostAfterItStands(std::optional<Delivery> delivery = Delivery::kOnCommit)
      : CommitInDoubtTest{delivery} {}
};

TEST_F(CommitLostAfterItStands, IsInDoubtAndRunsNoHookAndSendsNoJobThoughTheRowsAreThere) {
  server.make_commits_hang();
  EXPECT_THROW(pay_and_lose_the_answer(1, "SyncRep"), CommitInDoubt);
  server.let_commits_end();
  EXPECT_EQ(committed_rows(), (std::vector<long>{1}));
  EXPECT_TRUE(jobs().empty());
  EXPECT_TRUE(hooks().empty());
  database.atomic([&] { pay(2); });
  EXPECT_EQ(committed_rows(), (std::vector<long>{1, 2}));
  EXPECT_EQ(jobs(), (std::vector<long>{2}));
}

/// With a durable job the row tells what became of the commit.
class DurableCommitLostAfterItStands : public CommitLostAfterItStands {
 protected:
  DurableCommitLostAfterItStands() : CommitLostAfterItStands{Delivery::kDurable} {}
};

TEST_F(DurableCommitLostAfterItStands, IsACommitLikeAnyOther) {  // P1, P6
  server.make_commits_hang();
  pay_and_lose_the_answer(1, "SyncRep");
  server.let_commits_end();
  expect_paid({1});
}

class DurableCommitLostBeforeItStands : public CommitLostBeforeItStands {
 protected:
  DurableCommitLostBeforeItStands() : CommitLostBeforeItStands{Delivery::kDurable} {}
};

TEST_F(DurableCommitLostBeforeItStands, IsInDoubtWhereNothingIsLeftToAsk) {
  const auto error = support::caught<CommitInDoubt>([&] { pay_and_lose_the_answer(1001, "PgSleep"); });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("its durable jobs run if, and only if, it has been committed"));
  expect_paid({});
}

TEST_F(DurableCommitLostBeforeItStands, IsWaitedForWhileItsBackendIsAtIt) {  // P1
  std::atomic<Transaction*> open = nullptr;
  std::jthread cutter{[&] {
    const auto ours = " FROM pg_stat_activity WHERE application_name = '" + schema().name() + "' AND ";
    EXPECT_TRUE(eventually([&] { return !outside("SELECT" + ours + "wait_event = 'PgSleep'").empty(); }));
    open.load()->sever();
    EXPECT_TRUE(eventually([&] {
      return !outside("SELECT" + ours + "state = 'idle' AND query LIKE '%pg_xact_status%'").empty();
    }));
    outside("SELECT pg_terminate_backend(pid)" + ours + "wait_event = 'PgSleep'");
  }};
  const auto error = support::caught<DatabaseUnavailable>([&] {
    database.atomic([&](Transaction& tx) {
      open = &tx;
      pay(1001);
    });
  });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(), HasSubstr("was rolled back"));
  EXPECT_TRUE(error->retryable());
  expect_paid({});
}

}  // namespace
}  // namespace aftercommit
