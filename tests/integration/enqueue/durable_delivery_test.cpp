/// Durable delivery as the enqueuing program sees it: the job is a row of its transaction.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <future>
#include <string>
#include <utility>
#include <vector>

#include "client/job_table/migrations.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/durable_payments.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;

class DurableDelivery : public support::DurablePayments {
 protected:
  explicit DurableDelivery(AppOptions options = {}) : DurablePayments{std::move(options)} {}
};

TEST_F(DurableDelivery, IsTheDefaultWhereTheAppHasADatabase) {  // P6
  const auto id = receipt.delay(1);
  const auto rows = rows_of_jobs();
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, id);
  EXPECT_EQ(rows[0].queue, "default");
  EXPECT_EQ(rows[0].attempt, 1);
  EXPECT_TRUE(envelope(rows[0]).durable);
  EXPECT_EQ(take_arrived().size(), 1U);
}

TEST_F(DurableDelivery, WritesTheRowInTheTransactionThatAsksForIt) {  // P1
  database.atomic([&] {
    pay(1);
    EXPECT_THROW(database.atomic([&] {
      pay(2);
      throw support::Deliberate{};
    }),
                 support::Deliberate);
    EXPECT_TRUE(rows_of_jobs().empty());
  });
  ASSERT_EQ(rows_of_jobs().size(), 1U);
  EXPECT_EQ(envelope(rows_of_jobs()[0]).args, nlohmann::json::array({1}));
  expect_paid({1});
}

TEST_F(DurableDelivery, OfARolledBackBlockLeavesNoRow) {  // P1
  EXPECT_THROW(database.atomic([&] {
    pay(1);
    throw support::Deliberate{};
  }),
               support::Deliberate);
  EXPECT_TRUE(rows_of_jobs().empty());
}

TEST_F(DurableDelivery, OfManyJobsKeepsThemAll) {
  std::vector<TaskCall<long>> calls;
  for (long i = 0; i < 2500; ++i) calls.emplace_back(i);
  database.atomic([&] { receipt.delay_many(calls); });
  EXPECT_EQ(rows_of_jobs().size(), 2500U);
  EXPECT_EQ(take_arrived().size(), 2500U);
}

TEST_F(DurableDelivery, KeepsTheTextOfArgumentsExactly) {
  const auto note = app.task<std::string>("note");
  const std::string text = "it's \\ \"quoted\" $1 {schema} {NULL, ''} -- \xF0\x9F\x98\x80\n";
  note.delay(text);
  EXPECT_EQ(envelope(rows_of_jobs().at(0)).args, nlohmann::json::array({text}));
  note.delay_many({{text}, {text}});  // another statement
  const auto rows = rows_of_jobs();
  ASSERT_EQ(rows.size(), 3U);
  for (const auto& row : rows) EXPECT_EQ(envelope(row).args, nlohmann::json::array({text}));
}

TEST_F(DurableDelivery, KeepsWhenAJobIsDue) {
  receipt.apply_async({.countdown = 1h}, 1);
  receipt.apply_async({.eta = std::chrono::system_clock::now() + 2h}, 2);
  receipt.apply_async({.countdown = 0ms}, 3);
  database.atomic([&] {  // several in one statement
    receipt.apply_async({.countdown = 1h}, 1);
    receipt.apply_async({.eta = std::chrono::system_clock::now() + 2h}, 2);
    receipt.apply_async({.countdown = 0ms}, 3);
  });
  EXPECT_EQ(rows_of_jobs().size(), 6U);
  for (const auto& row : rows_of_jobs()) {
    const auto hours = envelope(row).args[0] == 1 ? 1h : envelope(row).args[0] == 2 ? 2h : 0h;
    EXPECT_GT(row.due_in, hours - 1min);
    EXPECT_LE(row.due_in, hours + 1min);
  }
  EXPECT_EQ(take_arrived().size(), 2U);
}

TEST_F(DurableDelivery, IsNotThatOfATaskThatAsksForAnother) {
  receipt.apply_async({.delivery = Delivery::kOnCommit}, 1);
  receipt.apply_async({.delivery = Delivery::kImmediate}, 2);
  EXPECT_TRUE(rows_of_jobs().empty());
  EXPECT_EQ(take_arrived().size(), 2U);
}

TEST_F(DurableDelivery, NamesTheCommandToRunWhereTheTableIsMissing) {
  outside("DROP TABLE job");
  const auto error = support::caught<ConfigError>([&] { database.atomic([&] { pay(1); }); });
  ASSERT_TRUE(error);
  EXPECT_THAT(error->what(),
              AllOf(HasSubstr("cannot keep the durable job of task 'receipt' on database 'default'"),
                    HasSubstr("does not exist"), HasSubstr("aftercommit migrate")));
  expect_paid({});
}

TEST_F(DurableDelivery, SaysWhatToGrantToARoleThatMayNotInsert) {
  const auto message = message_of<ConfigError>([&] {
    database.atomic([&](Transaction& tx) {
      pay(1);
      tx.exec("SET LOCAL ROLE pg_monitor");
    });
  });
  EXPECT_THAT(message, AllOf(HasSubstr("the durable job of task 'receipt'"), HasSubstr("permission denied"),
                             HasSubstr("GRANT this role USAGE on the schema '" + schema().name() + "'")));
  expect_paid({});
}

TEST_F(DurableDelivery, NamesTheTableThatHasBeenAddedTo) {
  outside("ALTER TABLE job ADD COLUMN note text NOT NULL");
  EXPECT_THAT(message_of<ConfigError>([&] { database.atomic([&] { pay(1); }); }),
              AllOf(HasSubstr("the durable job of task 'receipt'"),
                    HasSubstr("The table 'job' of the schema '" + schema().name() + "'")));
  expect_paid({});
}

TEST_F(DurableDelivery, LeavesAnErrorOfACheckAtCommitAsItIs) {  // P1
  outside(
      "CREATE FUNCTION look_elsewhere() RETURNS trigger LANGUAGE plpgsql AS "
      "$$ BEGIN PERFORM FROM no_such_table; RETURN NULL; END $$");
  outside(
      "CREATE CONSTRAINT TRIGGER look AFTER INSERT ON payment DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW WHEN (NEW.id = 1) EXECUTE FUNCTION look_elsewhere()");
  const auto error = support::caught<pqxx::sql_error>([&] { database.atomic([&] { pay(1); }); });
  ASSERT_TRUE(error) << "the job table is there";
  EXPECT_EQ(support::sqlstate(*error), "42P01");
  database.atomic([&] { pay(2); });
  expect_paid({2});
}

TEST_F(DurableDelivery, NamesTheTasksWhereAStatementHasMadeTheTransactionReadOnly) {  // P1
  const auto remind = app.task<long>("remind");
  const auto pid = [&] { return database.exec("SELECT pg_backend_pid()")[0][0].as<int>(); };
  const auto before = pid();
  for (const std::string statement : {"SET TRANSACTION READ ONLY", "SET LOCAL transaction_read_only = on",
                                      "SELECT set_config('transaction_read_only', 'on', true)"}) {
    const auto error = support::caught<UsageError>([&] {
      database.atomic([&](Transaction& tx) {
        tx.exec(statement);
        receipt.delay(1);
        remind.delay(1);
      });
    });
    ASSERT_TRUE(error) << statement;
    EXPECT_THAT(
        error->what(),
        AllOf(HasSubstr(
                  "cannot keep the 2 durable jobs of the tasks 'receipt', 'remind' on database 'default'"),
              HasSubstr("read-only"), HasSubstr("rolled back"), HasSubstr("delivery on commit")));
  }
  EXPECT_EQ(pid(), before) << "the server takes writes: no reason to leave it";
  database.atomic([&] { pay(2); });
  expect_paid({2});
}

TEST_F(DurableDelivery, ThatIsNotAskedForIsNoMatterOfATransactionThatAStatementMadeReadOnly) {
  database.atomic([&](Transaction& tx) {
    tx.exec("SET TRANSACTION READ ONLY");
    receipt.apply_async({.delivery = Delivery::kOnCommit}, 1);
  });
  EXPECT_EQ(take_arrived().size(), 1U);
}

/// An app that finds no DATABASE_URL.
class WithoutADatabase : public ::testing::Test {
 protected:
  WithoutADatabase() { ::unsetenv("DATABASE_URL"); }
  ~WithoutADatabase() override { ::setenv("DATABASE_URL", url_before_.c_str(), 1); }

  const std::string redis_url = "memory://" + support::unique_name("shop");

 private:
  const std::string url_before_ = support::database_url();
};

TEST_F(WithoutADatabase, DurableDeliveryIsAnErrorThatSaysWhatIsMissing) {
  App app{"shop", {.redis_url = redis_url, .delivery = Delivery::kDurable}};
  const auto receipt = app.task<long>("receipt", {.transactional = false});
  EXPECT_THAT(message_of<ConfigError>([&] { receipt.delay(1); }),
              AllOf(HasSubstr("receipt"), HasSubstr("has no database"), HasSubstr("DATABASE_URL")));
}

TEST_F(WithoutADatabase, DeliveryIsOnCommit) {
  App app{"shop", {.redis_url = redis_url}};
  app.task<long>("receipt", {.transactional = false}).delay(1);
  EXPECT_EQ(make_broker(redis_url)->counts("default").ready, 1);
}

/// Redis answers nobody.
class WithoutABroker : public DurableDelivery {
 protected:
  WithoutABroker() : DurableDelivery{{.redis_url = "redis://127.0.0.1:1"}} {}
};

TEST_F(WithoutABroker, ADurableJobIsCommittedAllTheSame) {  // P10
  database.atomic([&] {
    database.exec("INSERT INTO payment VALUES (1)");
    receipt.delay(1);
  });
  receipt.delay(2);
  EXPECT_EQ(committed_rows(), std::vector<long>{1});
  EXPECT_EQ(rows_of_jobs().size(), 2U);
}

TEST_F(WithoutABroker, HooksRunAllTheSame) {
  database.atomic([&] {
    receipt.delay(1);
    database.on_commit([&] { note_hook(1); });
  });
  EXPECT_EQ(hooks(), std::vector<long>{1});
}

TEST_F(WithoutABroker, OnlyTheOnCommitJobsOfATransactionAreReportedAsUnsent) {
  std::vector<JobId> ids;
  const auto error = support::caught<EnqueueError>([&] {
    database.atomic([&] {
      receipt.delay(1);
      ids.push_back(receipt.apply_async({.delivery = Delivery::kOnCommit}, 2));
    });
  });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->jobs(), ids);
}

struct RedisOfItsOwn {
  support::PrivateRedis redis;
};

/// Redis takes what it is sent and answers nobody, until it is thawed.
class WithAFrozenBroker : protected RedisOfItsOwn, public DurableDelivery {
 protected:
  /// A caller that waited for Redis would do so for an hour.
  WithAFrozenBroker() : DurableDelivery{{.redis_url = redis.tcp_url(), .enqueue_timeout = 1h}} {}

  /// Runs `call`, which is to return by itself; thaws Redis in the end.
  template <class Call>
  void expect_to_return(Call&& call) {
    redis.stop();
    auto running = std::async(std::launch::async, std::forward<Call>(call));
    EXPECT_EQ(running.wait_for(support::kDeadline), std::future_status::ready) << "it waits for Redis";
    redis.resume();
    running.get();
  }
  void expect_eventually_paid(const std::vector<long>& ids) {
    EXPECT_TRUE(support::eventually([&] { return jobs() == ids; }));
    expect_paid(ids);
  }
};

TEST_F(WithAFrozenBroker, ACommitWaitsForNoAnswer) {  // P10
  database.atomic([&] { pay(1); });
  expect_to_return([&] { database.atomic([&] { pay(2); }); });
  expect_eventually_paid({1, 2});
}

TEST_F(WithAFrozenBroker, TheFirstCommitWaitsForNoAnswerEither) {  // P10
  expect_to_return([&] { database.atomic([&] { pay(1); }); });
  expect_eventually_paid({1});
}

TEST_F(WithAFrozenBroker, ADurableJobOutsideABlockWaitsForNoAnswer) {  // P10
  expect_to_return([&] { receipt.delay(1); });
  EXPECT_EQ(rows_of_jobs().size(), 1U);
  EXPECT_TRUE(support::eventually([&] { return jobs() == std::vector<long>{1}; }));
}

}  // namespace
}  // namespace aftercommit
