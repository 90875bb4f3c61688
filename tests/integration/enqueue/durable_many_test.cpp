/// Durable jobs of one transaction that are so many that they do not all go in the message of COMMIT.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "support/fixtures/durable_payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::message_of;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr long kCopied = 700;           // many enough for COPY
constexpr long kOfStatements = 10'050;  // a statement takes 10,000

class ManyDurableJobs : public support::DurablePayments {
 protected:
  static std::vector<TaskCall<long>> calls(long count) {
    std::vector<TaskCall<long>> all;
    for (long i = 0; i < count; ++i) all.emplace_back(i);
    return all;
  }
  /// From now on `statement` is run for each row of a job, which is NEW.
  void at_each_row(const std::string& statement) {
    outside("CREATE FUNCTION at_each_row() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN " + statement +
            "; RETURN NEW; END $$");
    outside("CREATE TRIGGER each BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION at_each_row()");
  }
};

TEST_F(ManyDurableJobs, AreAllKeptOrNone) {  // P1
  for (const auto& options : {CallOptions{}, CallOptions{.countdown = 1ms}}) {
    EXPECT_THROW(database.atomic([&] {
      receipt.apply_async_many(options, calls(kOfStatements));
      database.exec("CREATE TABLE parent (id int PRIMARY KEY)");
      database.exec("CREATE TABLE child (id int REFERENCES parent DEFERRABLE INITIALLY DEFERRED)");
      database.exec("INSERT INTO child VALUES (1)");  // which COMMIT refuses
    }),
                 pqxx::foreign_key_violation);
    EXPECT_TRUE(rows_of_jobs().empty());
    database.atomic([&] { receipt.apply_async_many(options, calls(kOfStatements)); });
    EXPECT_EQ(rows_of_jobs().size(), static_cast<std::size_t>(kOfStatements));
    outside("DELETE FROM job");
  }
}

TEST_F(ManyDurableJobs, AreThoseOfTheSavepointsThatStand) {  // P1
  database.atomic([&] {
    receipt.delay_many(calls(kCopied));
    EXPECT_THROW(database.atomic([&] {
      receipt.delay_many(calls(kCopied));
      throw support::Deliberate{};
    }),
                 support::Deliberate);
    receipt.delay(kCopied);
  });
  const auto rows = rows_of_jobs();
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(kCopied + 1));
  for (long i = 0; i <= kCopied; ++i)
    EXPECT_EQ(envelope(rows[static_cast<std::size_t>(i)]).args, nlohmann::json::array({i}))
        << "in their order";
}

TEST_F(ManyDurableJobs, HaveTheTextOfTheirArgumentsExactly) {
  const auto note = app.task<std::string>("note");
  const std::string text =
      "it's \\ \"quoted\" \\N $1 {schema} {NULL, ''} \\. -- \xF0\x9F\x98\x80\n\r\t\\.\n\x01";
  const auto ids = note.delay_many(std::vector<TaskCall<std::string>>(kCopied, TaskCall<std::string>{text}));
  const auto rows = rows_of_jobs();
  ASSERT_EQ(rows.size(), ids.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    EXPECT_EQ(rows[i].id, ids[i]);
    EXPECT_EQ(envelope(rows[i]).args, nlohmann::json::array({text}));
  }
}

TEST_F(ManyDurableJobs, AreDueWhenEachIsToBe) {
  const auto in_two_hours = std::chrono::system_clock::now() + 2h;
  database.atomic([&] {
    receipt.delay_many(calls(kCopied));
    receipt.apply_async_many({.eta = in_two_hours, .queue = "later"}, calls(kCopied));
    receipt.apply_async_many({.countdown = 1h}, calls(kCopied));
  });
  const auto due = [&](const std::string& which) {
    return database.exec("SELECT count(*) FROM job WHERE " + which)[0][0].as<long>();
  };
  EXPECT_EQ(due("due_at IS NULL AND queue = 'default'"), kCopied);
  EXPECT_EQ(
      database
          .exec("SELECT count(*) FROM job WHERE queue = 'later' AND due_at = to_timestamp($1::float8 / 1000)",
                std::chrono::ceil<std::chrono::milliseconds>(in_two_hours).time_since_epoch().count())[0][0]
          .as<long>(),
      kCopied);
  EXPECT_EQ(
      due("due_at BETWEEN clock_timestamp() + interval '59 min' AND clock_timestamp() + interval '1 h'"),
      kCopied);
}

TEST_F(ManyDurableJobs, OfWhichOneIsCancelledBeforeTheCommitAreTheOthers) {
  database.atomic([&] {
    const auto ids = receipt.delay_many(calls(kCopied));
    app.cancel(ids[3]);
  });
  EXPECT_EQ(rows_of_jobs().size(), static_cast<std::size_t>(kCopied - 1));
}

class ManyDurableJobsOfARole : public ManyDurableJobs {
 protected:
  ManyDurableJobsOfARole() {
    outside("CREATE ROLE " + role_);
    outside("GRANT USAGE ON SCHEMA " + schema().name() + " TO " + role_);
    outside("GRANT INSERT, SELECT ON job TO " + role_);
  }
  ~ManyDurableJobsOfARole() override { outside("DROP OWNED BY " + role_ + "; DROP ROLE " + role_); }

  void ask_by_role(const std::string& queue) {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL ROLE " + role_);
      receipt.apply_async_many({.queue = queue}, calls(kCopied));
    });
  }

 private:
  const std::string role_ = support::unique_name("role");
};

TEST_F(ManyDurableJobsOfARole, AreKeptAlsoWherePoliciesDecideOverTheRows) {
  outside("ALTER TABLE job ENABLE ROW LEVEL SECURITY");
  outside("CREATE POLICY none_secret ON job USING (true) WITH CHECK (queue <> 'secret')");
  ask_by_role("mail");
  EXPECT_EQ(rows_of_jobs().size(), static_cast<std::size_t>(kCopied));
  EXPECT_THAT(message_of<ConfigError>([&] { ask_by_role("secret"); }), HasSubstr("row-level security"));
  EXPECT_EQ(rows_of_jobs().size(), static_cast<std::size_t>(kCopied));
}

TEST_F(ManyDurableJobs, ThatTheTableRefusesAreNamedAndNoneOfTheirArguments) {
  at_each_row(
      "IF strpos(NEW.envelope, '[666]') > 0 THEN RAISE check_violation USING MESSAGE = 'not this one'; END "
      "IF");
  const auto message = message_of<ConfigError>([&] {
    database.atomic([&] {
      pay(1);
      receipt.delay_many(calls(kCopied));
    });
  });
  EXPECT_THAT(message, AllOf(HasSubstr("cannot keep the 701 durable jobs of task 'receipt'"),
                             HasSubstr("not this one"), Not(HasSubstr("[666]"))));
  expect_paid({});
  EXPECT_THAT(rows_of_jobs(), IsEmpty());
}

TEST_F(ManyDurableJobs, InWhoseMidstTheConnectionIsLostAreNone) {  // P1
  at_each_row(
      "IF strpos(NEW.envelope, '[666]') > 0 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF");
  for (const auto& options : {CallOptions{}, CallOptions{.countdown = 1h}}) {
    const auto message = message_of<DatabaseUnavailable>(
        [&] { database.atomic([&] { receipt.apply_async_many(options, calls(kOfStatements)); }); });
    EXPECT_THAT(message, AllOf(HasSubstr("was rolled back"), HasSubstr("before its commit")))
        << "and no doubt";
    EXPECT_THAT(rows_of_jobs(), IsEmpty());
  }
  outside("DROP TRIGGER each ON job");
  receipt.delay_many(calls(kCopied));
  EXPECT_EQ(rows_of_jobs().size(), static_cast<std::size_t>(kCopied)) << "by another connection";
}

}  // namespace
}  // namespace aftercommit
