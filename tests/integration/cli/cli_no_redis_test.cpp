/// The command of an operator who has no Redis: what it can say, and what it says it cannot.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "client/job_table/job_picker.hpp"
#include "client/job_table/migrations.hpp"
#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using support::End;
using support::run_cli;
using ::testing::HasSubstr;
using ::testing::Not;

class CliNoRedis : public support::Payments, public ::testing::Test {
 protected:
  CliNoRedis() : Payments{{.redis_url = "none"}} {}

  End run(std::vector<std::string> arguments) {
    return run_cli(
        std::move(arguments),
        {{"REDIS_URL", "none"}, {"DATABASE_URL", schema().url()}, {"AFTERCOMMIT_SCHEMA", schema().name()}});
  }
};

TEST_F(CliNoRedis, CountsWhatIsInTheTablesAndWhoTakesJobsFromThem) {
  receipt.apply_async({.queue = "mail"}, 1);
  detail::JobPicker worker{database};
  worker.pick({});
  const auto end = run({"stats"});
  EXPECT_EQ(end.exit_code, 0) << end.error;
  EXPECT_THAT(end.output, HasSubstr("mail"));
  EXPECT_THAT(end.output, HasSubstr("?: not known, as there is no Redis"));
  EXPECT_THAT(end.output, HasSubstr("1 worker process takes durable jobs straight from the table"));
}

TEST_F(CliNoRedis, FindsJobsInTheTables) {
  const auto job = receipt.apply_async({.queue = "mail"}, 1);
  const auto list = run({"jobs"});
  EXPECT_EQ(list.exit_code, 0) << list.error;
  EXPECT_THAT(list.output, HasSubstr(job.str()));
  const auto story = run({"job", job.str()});
  EXPECT_EQ(story.exit_code, 0) << story.error;
  EXPECT_THAT(story.output, HasSubstr(job.str()));
}

TEST_F(CliNoRedis, SaysWhatNeedsRedis) {
  for (const auto& command : std::vector<std::vector<std::string>>{
           {"workers"}, {"jobs", "--state", "running"}, {"enqueue", "receipt", "[1]", "--immediate"}}) {
    const auto end = run(command);
    EXPECT_NE(end.exit_code, 0) << command.front();
    EXPECT_THAT(end.error, HasSubstr("needs Redis, and there is none")) << command.front();
  }
}

TEST_F(CliNoRedis, PurgesAQueueOfRows) {
  receipt.apply_async({.queue = "mail"}, 1);
  const auto purged = run({"purge", "mail", "--durable", "--yes"});
  EXPECT_EQ(purged.exit_code, 0) << purged.error;
  EXPECT_THAT(run({"jobs"}).output, Not(HasSubstr("mail")));
}

TEST_F(CliNoRedis, LooksAtAllThatIsThere) {
  receipt.apply_async({.queue = "mail"}, 1);
  const auto audit = run({"audit"});
  EXPECT_EQ(audit.exit_code, 0) << audit.output << audit.error;
  const auto doctor = run({"doctor"});
  EXPECT_THAT(doctor.output, HasSubstr("none: durable jobs run straight from their tables")) << doctor.error;
  const auto dead = run({"dead", "list"});
  EXPECT_EQ(dead.exit_code, 0) << dead.error;
}

}  // namespace
}  // namespace aftercommit
