/// The tests of the example: all that the test kit has, beside a PostgreSQL and no Redis.
#include "../signup.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "../tasks.hpp"
#include "aftercommit/testing/gtest.hpp"
#include "test_clock.hpp"

/// What `worker --app` calls when it loads the library of the tasks: gives them their bodies.
extern "C" aftercommit::App* aftercommit_load_task_library();

namespace signup {
namespace {

using namespace std::chrono_literals;
using aftercommit::testing::Ended;

std::size_t count(const std::string& table) { return app.database().exec("SELECT FROM " + table).size(); }

// --- Each test is taken back.

class Signup : public aftercommit::testing::TransactionTest {
 protected:
  Signup() : TransactionTest{app} {}
};

TEST_F(Signup, AsksForItsTasks) {
  const long user = sign_up("ada@example.org");
  EXPECT_ENQUEUED(send_welcome_mail, user);
  EXPECT_ENQUEUED(update_crm, user);
  const auto reminders = aftercommit::testing::enqueued(remind);
  ASSERT_EQ(reminders.size(), 1U);
  EXPECT_EQ(reminders[0].due_in, kRemindAfter);
}

TEST_F(Signup, ThatIsRolledBackAsksForNothing) {
  const auto request = [] {
    app.database().atomic([] {
      sign_up("ada@example.org");
      throw std::runtime_error{"something went wrong at the end of the request"};
    });
  };
  EXPECT_THROW(request(), std::runtime_error);
  EXPECT_EQ(count("users"), 0U);
  EXPECT_NOT_ENQUEUED(send_welcome_mail);
  EXPECT_NOT_ENQUEUED(update_crm);
}

TEST_F(Signup, SendsTheMailOnceItIsCommitted) {
  const auto captured = capture_on_commit([] { sign_up("ada@example.org"); }, {.execute = true});
  EXPECT_EQ(captured.jobs.size(), 3U);
  EXPECT_EQ(count("mail_sent"), 1U);
  EXPECT_EQ(count("reminder_sent"), 0U);
}

TEST_F(Signup, RemindsLaterAndTriesTheCrmAgain) {
  const long user = sign_up("ada@example.org");
  drain();
  EXPECT_EQ(count("crm_update"), 0U);
  aftercommit::testing::advance(app, test_clock, 1min);
  EXPECT_EQ(count("crm_update"), 1U);
  EXPECT_EQ(count("reminder_sent"), 1U);
  EXPECT_NOT_ENQUEUED(remind, user);
}

TEST_F(Signup, SendsTheMailAtTheCommitWhereThatIsAskedFor) {
  const aftercommit::testing::Eager eager{app};
  app.database().atomic([] {
    sign_up("ada@example.org");
    EXPECT_EQ(count("mail_sent"), 0U);
  });
  EXPECT_EQ(count("mail_sent"), 1U);
}

TEST_F(Signup, SendsNoMailToAUserWhoIsNotThere) {
  const auto run = aftercommit::testing::run_task(send_welcome_mail_naive, 12345);
  EXPECT_EQ(run.ended, Ended::kDead);
  EXPECT_EQ(run.error, "there is no user 12345");
}

TEST_F(Signup, TellsTheCrmAtTheThirdAttempt) {
  const long user = sign_up("ada@example.org");
  const auto failed = aftercommit::testing::run_task({.attempt = 2}, update_crm, user);
  EXPECT_EQ(failed.ended, Ended::kRetried);
  EXPECT_EQ(failed.countdown, 200ms);
  EXPECT_EQ(count("crm_update"), 0U);
  EXPECT_TRUE(aftercommit::testing::run_task({.attempt = 3}, update_crm, user).done());
  EXPECT_EQ(count("crm_update"), 1U);
}

// --- These commit.

TEST(SignupUnderFaults, HasTheEffectsOfOneRun) {
  auto& database = app.database();
  aftercommit::testing::simulate(
      aftercommit::testing::any_seed(), app,
      {.reset =
           [&] { database.exec("TRUNCATE users, mail_sent, crm_update, reminder_sent RESTART IDENTITY"); },
       .ask =
           [] {
             sign_up("ada@example.org");
             sign_up("charles@example.org");
           },
       .effects =
           [&] {
             return aftercommit::testing::rows_of(
                        database, "SELECT 'mail', user_id, attempt FROM mail_sent ORDER BY 2") +
                    aftercommit::testing::rows_of(
                        database, "SELECT 'crm', user_id, attempt FROM crm_update ORDER BY 2") +
                    aftercommit::testing::rows_of(database,
                                                  "SELECT 'reminder', user_id FROM reminder_sent ORDER BY 2");
           },
       .rounds = 5});
  database.exec("TRUNCATE users, mail_sent, crm_update, reminder_sent RESTART IDENTITY");
}

/// A schema of the tests' own, with the tables of the app and of its jobs.
class OwnSchema {
 public:
  explicit OwnSchema(const std::string& url)
      : name_{"signup_test_" + std::to_string(::getpid())}, database_{{.url = url}, "own"} {
    database_.exec("CREATE SCHEMA " + name_);
    const std::string option =
        std::string{url.find('?') == std::string::npos ? "?" : "&"} + "options=-csearch_path%3D" + name_;
    app.configure({.redis_url = "memory://signup_test",
                   .databases = {{"default", {.url = url + option, .schema = name_}}},
                   .clock = &test_clock});
    std::ostringstream tables;
    tables << std::ifstream{SIGNUP_SCHEMA}.rdbuf();
    app.database().exec(tables.str());
    aftercommit::testing::migrate(app);
  }
  ~OwnSchema() {
    try {
      database_.exec("DROP SCHEMA " + name_ + " CASCADE");
    } catch (const std::exception& error) {
      std::cerr << "signup_tests: cannot drop schema " << name_ << ": " << error.what() << '\n';
    }
  }
  OwnSchema(const OwnSchema&) = delete;
  OwnSchema& operator=(const OwnSchema&) = delete;

 private:
  const std::string name_;
  aftercommit::Database database_;
};

}  // namespace
}  // namespace signup

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  const char* const url = std::getenv("DATABASE_URL");
  if (url == nullptr) {
    std::cerr << "signup_tests: set DATABASE_URL, to a postgresql:// URL\n";
    return 1;
  }
  aftercommit_load_task_library();
  const signup::OwnSchema schema{url};
  return RUN_ALL_TESTS();
}
