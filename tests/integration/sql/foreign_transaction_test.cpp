/// Jobs in transactions that the application has begun by itself, through libpqxx: whether they exist is
/// theirs to say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "aftercommit/foreign/pqxx.hpp"
#include "client/job_table/job_table.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::message_of;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class ForeignTransaction : public support::Payments, public ::testing::Test {
 protected:
  explicit ForeignTransaction(support::JobTables tables = support::JobTables::kNewest)
      : Payments{{}, tables} {}

  /// The jobs that others see, as a worker reads them, oldest first.
  std::vector<Envelope> committed() {
    std::vector<Envelope> found;
    for (const auto& row : outside("SELECT envelope FROM job ORDER BY id"))
      found.push_back(std::get<Envelope>(decode(row[0].as<std::string>(), defaults::kPayloadLimit)));
    return found;
  }
  std::vector<long> committed_args() {
    std::vector<long> found;
    for (const auto& job : committed()) found.push_back(job.args.at(0).get<long>());
    return found;
  }

  pqxx::connection connection{schema().url("of others")};
};

TEST_F(ForeignTransaction, HasAJobIfAndOnlyIfItCommits) {  // P1
  pqxx::work kept{connection};
  kept.exec("INSERT INTO payment VALUES (1)");
  const auto id = receipt.delay_in(kept, 1);
  EXPECT_THAT(committed(), IsEmpty());
  kept.commit();
  ASSERT_THAT(committed_args(), ElementsAre(1));
  EXPECT_EQ(committed()[0].id, id);
  EXPECT_TRUE(committed()[0].durable);

  {
    pqxx::work dropped{connection};
    receipt.delay_in(dropped, 2);
  }
  pqxx::work aborted{connection};
  receipt.delay_in(aborted, 3);
  aborted.abort();
  EXPECT_THAT(committed_args(), ElementsAre(1));
}

TEST_F(ForeignTransaction, TakesItsJobBackWithASubtransaction) {  // P1
  pqxx::work work{connection};
  receipt.delay_in(work, 1);
  {
    pqxx::subtransaction kept{work};
    receipt.delay_in(kept, 2);
    kept.commit();
  }
  {
    pqxx::subtransaction dropped{work};
    receipt.delay_in(dropped, 3);
    dropped.abort();
  }
  work.commit();
  EXPECT_THAT(committed_args(), ElementsAre(1, 2));
}

TEST_F(ForeignTransaction, GivesItsJobTheEnvelopeOfOneOfOurOwn) {
  const CallOptions options{.queue = "mail",
                            .max_retries = 3,
                            .backoff = fixed(5s),
                            .retry_for = 1h,
                            .expires = 2h,
                            .priority = Priority::kHigh,
                            .headers = {{"tenant", "blue"}},
                            .soft_time_limit = 3s,
                            .time_limit = 4s,
                            .limit_key = "customer 7"};
  receipt.apply_async(options, 7);
  pqxx::work work{connection};
  receipt.apply_async_in(work, options, 7);
  work.commit();

  auto both = committed();
  ASSERT_EQ(both.size(), 2U);
  EXPECT_NE(both[0].id, both[1].id);
  for (auto& job : both) {
    job.id = both[0].id;
    job.enqueued_at = {};
    job.expires_at.reset();
  }
  EXPECT_EQ(encode(both[0]), encode(both[1]));
  const auto rows = outside("SELECT queue FROM job");
  EXPECT_EQ(rows[0][0].as<std::string>(), rows[1][0].as<std::string>());
}

TEST_F(ForeignTransaction, KeepsACountdownAndAnEta) {
  pqxx::work work{connection};
  receipt.apply_async_in(work, {.countdown = 1h}, 1);
  receipt.apply_async_in(work, {.eta = std::chrono::sys_days{std::chrono::year{2199} / 1 / 1}}, 2);
  receipt.delay_in(work, 3);
  work.commit();
  const auto rows = outside(
      "SELECT due_at BETWEEN clock_timestamp() + interval '59 min' AND clock_timestamp() + interval '1 h', "
      "due_at = timestamptz '2199-01-01 00:00:00+00', due_at IS NULL FROM job ORDER BY id");
  EXPECT_TRUE(rows[0][0].as<bool>());
  EXPECT_TRUE(rows[1][1].as<bool>());
  EXPECT_TRUE(rows[2][2].as<bool>());
}

TEST_F(ForeignTransaction, TakesManyJobsInOneStatement) {
  std::vector<TaskCall<long>> calls;
  for (long i = 0; i < 1500; ++i) calls.emplace_back(i);
  pqxx::work work{connection};
  int statements = 0;
  const auto counted = [&](const ForeignStatement& statement) {
    ++statements;
    return run_statement(work, statement);
  };
  const auto ids = receipt.delay_many_in(counted, calls);
  EXPECT_THAT(receipt.delay_many_in(counted, std::vector<TaskCall<long>>{}), IsEmpty());
  receipt.apply_async_many_in(counted, {.queue = "mail"}, {{1500}, {1501}});
  work.commit();
  EXPECT_EQ(statements, 2);
  const auto jobs = committed();
  ASSERT_EQ(jobs.size(), 1502U);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    EXPECT_EQ(jobs[i].id, ids[i]);
    EXPECT_EQ(jobs[i].args, nlohmann::json::array({i}));
  }
  EXPECT_EQ(jobs.back().queue, "mail");
}

TEST_F(ForeignTransaction, CarriesEachCharacterWhateverTheEncodingOfItsConnection) {
  const auto say = app.task<std::string>("say");
  const std::string text = "Grüße, 7 €, \U0001F600, \"quoted\" \\ \x01";
  connection.set_client_encoding("LATIN1");
  pqxx::work work{connection};
  say.delay_in(work, text);
  work.commit();
  EXPECT_EQ(committed().at(0).args, nlohmann::json::array({text}));
}

TEST_F(ForeignTransaction, TellsTheRelayUnlessItsSettingForbids) {
  pqxx::connection listener{schema().url("listener")};
  struct Notice : pqxx::notification_receiver {
    using pqxx::notification_receiver::notification_receiver;
    void operator()(const std::string& /*payload*/, int /*backend*/) override { ++count; }
    int count = 0;
  } notice{listener, schema().name()};
  const auto heard = [&] {
    pqxx::nontransaction{listener}.exec("SELECT 1");
    listener.get_notifs();
    return notice.count;
  };
  pqxx::work told{connection};
  receipt.delay_in(told, 1);
  told.commit();
  EXPECT_EQ(heard(), 1);
  pqxx::work quiet{connection};
  quiet.exec("SET LOCAL aftercommit.notify = off");
  receipt.delay_in(quiet, 2);
  quiet.commit();
  EXPECT_EQ(heard(), 1);
}

TEST_F(ForeignTransaction, AsksForAUniqueJobOnce) {
  const Unique by_args;
  pqxx::work work{connection};
  const auto first = receipt.apply_unique_in(work, {.unique = by_args}, 1);
  const auto second = receipt.apply_unique_in(work, {.unique = by_args}, 1);
  EXPECT_TRUE(first.own);
  EXPECT_FALSE(second.own);
  EXPECT_EQ(first.id, second.id);
  EXPECT_EQ(receipt.apply_async_in(work, {.unique = by_args}, 1), first.id);
  work.commit();
  EXPECT_EQ(receipt.apply_async({.unique = by_args}, 1), first.id) << "the same as for our own blocks";
  const auto many = [&] {
    pqxx::work next{connection};
    auto ids = receipt.apply_async_many_in(next, {.unique = by_args}, {{2}, {1}, {2}});
    next.commit();
    return ids;
  }();
  EXPECT_EQ(many[0], many[2]);
  EXPECT_EQ(many[1], first.id);
  EXPECT_THAT(committed_args(), ElementsAre(1, 2));
  EXPECT_TRUE(committed()[0].unique);
}

TEST_F(ForeignTransaction, IsWrappedByMiddlewareAndCounted) {
  app.around_enqueue([](EnqueueCall& call, const Next& next) {
    call.headers.set("seen", "yes");
    next();
  });
  pqxx::work work{connection};
  receipt.delay_in(work, 1);
  work.commit();
  EXPECT_EQ(committed().at(0).headers.get("seen"), "yes");
  double durable = 0;
  for (const auto& family : app.metrics()) {
    for (const auto& sample : family.samples) {
      for (const auto& [label, value] : sample.labels)
        if (label == "delivery" && value == "durable") durable += sample.value;
    }
  }
  EXPECT_EQ(durable, 1);
}

TEST_F(ForeignTransaction, IsRefusedWhereEachStatementCommitsByItself) {
  pqxx::nontransaction none{connection};
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(none, 1); }),
              AllOf(HasSubstr("cannot enqueue task 'receipt' in a pqxx::nontransaction"),
                    HasSubstr("begin a pqxx::work")));
  EXPECT_THAT(committed(), IsEmpty());
}

TEST_F(ForeignTransaction, ThatHasFailedSaysSo) {
  pqxx::work work{connection};
  EXPECT_THROW(work.exec("SELECT 1 / 0"), pqxx::sql_error);
  EXPECT_THAT(message_of<TransactionManagementError>([&] { receipt.delay_in(work, 1); }),
              HasSubstr("cannot enqueue task 'receipt' in this transaction, which has failed or ended"));
  EXPECT_THAT(committed(), IsEmpty()) << "nor in autocommit, into which libpqxx has fallen";
}

TEST_F(ForeignTransaction, OfADriverThatTellsTheSqlstateHasTheSameWords) {
  const auto server_alone = [](const ForeignStatement& statement) {
    explain_failure(statement, "25P02", "ERROR:  current transaction is aborted");
    return std::string{};
  };
  EXPECT_THAT(
      message_of<TransactionManagementError>([&] { receipt.delay_in(server_alone, 1); }),
      AllOf(HasSubstr("cannot enqueue task 'receipt'"), HasSubstr("a statement before this one has failed")));
}

TEST_F(ForeignTransaction, ThatHasEndedTakesNoJob) {
  pqxx::work work{connection};
  work.exec("SELECT 1");
  work.commit();
  EXPECT_THROW(receipt.delay_in(work, 1), TransactionManagementError);
  EXPECT_THAT(committed(), IsEmpty());
}

TEST_F(ForeignTransaction, ThatTakesNoWritesSaysSo) {
  pqxx::work work{connection};
  work.exec("SET TRANSACTION READ ONLY");
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(work, 1); }), HasSubstr("it has to take writes"));
}

TEST_F(ForeignTransaction, WithoutTablesSaysWhatMakesThem) {
  outside("DROP TABLE job");
  pqxx::work work{connection};
  EXPECT_THAT(message_of<ConfigError>([&] { receipt.delay_in(work, 1); }),
              AllOf(HasSubstr("run `aftercommit migrate --schema " + schema().name() + "`"),
                    HasSubstr("on the database of this connection")));
}

TEST_F(ForeignTransaction, NeedsNoOtherRightThanThatOfAskingBySql) {
  const auto role = support::unique_name("role");
  outside("CREATE ROLE " + role + "; GRANT USAGE ON SCHEMA " + schema().name() + " TO " + role);
  const auto as_role = [&] {
    pqxx::work work{connection};
    work.exec("SET LOCAL ROLE " + role);
    receipt.delay_in(work, 1);
    work.commit();
  };
  EXPECT_THAT(message_of<ConfigError>(as_role), HasSubstr("INSERT on its table 'job'"));
  outside("GRANT INSERT ON job TO " + role);
  EXPECT_NO_THROW(as_role());
  EXPECT_THAT(committed_args(), ElementsAre(1));
  outside("DROP OWNED BY " + role + "; DROP ROLE " + role);
}

TEST_F(ForeignTransaction, HoldsDurableJobsAloneAndIsNamedOnce) {
  pqxx::work work{connection};
  EXPECT_THAT(
      message_of<UsageError>([&] { receipt.apply_async_in(work, {.delivery = Delivery::kOnCommit}, 1); }),
      HasSubstr("only a durable job, which is a row, can wait for it"));
  database.atomic([&](Transaction& ours) {
    EXPECT_THAT(message_of<UsageError>([&] { receipt.apply_async_in(work, {.transaction = &ours}, 1); }),
                HasSubstr("the option transaction names another one"));
  });
  EXPECT_THAT(message_of<UsageError>(
                  [&] { receipt.apply_async_in(work, {.unique = Unique{}, .flow = JobId::generate()}, 1); }),
              HasSubstr("a flow cannot wait for a job of task 'receipt'"));
  EXPECT_THROW(receipt.apply_async_in(work, {.queue = "no name"}, 1), UsageError);
  EXPECT_THROW(receipt.apply_async_in(work, {.database = "elsewhere"}, 1), ConfigError);
  EXPECT_NO_THROW(work.exec("SELECT 1")) << "nothing was sent";
}

TEST_F(ForeignTransaction, IsNotBelievedWhereItGivesBackNoAnswer) {
  const auto forgetful = [](const ForeignStatement& /*statement*/) { return std::string{}; };
  EXPECT_THAT(message_of<UsageError>([&] { receipt.delay_in(forgetful, 1); }),
              HasSubstr("cannot tell whether the job of task 'receipt' has been entered"));
  EXPECT_THAT(message_of<UsageError>([&] { receipt.apply_async_in(forgetful, {.unique = Unique{}}, 1); }),
              HasSubstr("cannot tell"));
}

TEST_F(ForeignTransaction, NeedsNoDatabaseOfTheApp) {
  const std::string before = std::getenv("DATABASE_URL");
  ::unsetenv("DATABASE_URL");
  App bare{"bare", {.redis_url = "memory://" + support::unique_name("bare")}};
  const auto task = bare.task<long>("receipt", {.database = "orders"});
  ForeignStatement seen;
  task.delay_in(
      [&](const ForeignStatement& statement) {
        seen = statement;
        return std::string{"1"};
      },
      7);
  ::setenv("DATABASE_URL", before.c_str(), 1);
  EXPECT_EQ(seen.schema, "aftercommit");
  EXPECT_THAT(seen.sql, HasSubstr("INTO \"aftercommit\".job"));
  EXPECT_THAT(seen.parameter, HasSubstr(R"(\"database\":\"orders\")"));
  // So that drivers of every kind can mark the one parameter in their own way.
  EXPECT_THAT(seen.sql_with("?"), AllOf(HasSubstr("CAST(? AS json)"), Not(HasSubstr("$")),
                                        Not(HasSubstr(":")), Not(HasSubstr("%"))));
}

class ForeignTransactionOnOldTables : public ForeignTransaction {
 protected:
  ForeignTransactionOnOldTables() : ForeignTransaction{support::JobTables::kOldest} {}
};

TEST_F(ForeignTransactionOnOldTables, HasJobsButNoUniqueOnes) {
  pqxx::work work{connection};
  receipt.delay_in(work, 1);
  EXPECT_THAT(message_of<ConfigError>([&] { receipt.apply_async_in(work, {.unique = Unique{}}, 1); }),
              AllOf(HasSubstr("of version 4 at least"), HasSubstr("aftercommit migrate")));
}

}  // namespace
}  // namespace aftercommit
