// The worker's log: one line an event, each job's lines with its id and task, and no secret in any of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <regex>
#include <set>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::eventually;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kArgument = "canary-argument";

class WorkerLog : public support::WorkerTest {
 protected:
  /// One job of each fate, all with the canary as an argument; when they have met it.
  void run_all_kinds_of_jobs() {
    constexpr std::size_t good = 3;
    tasks.insert.delay(0);
    tasks.two.delay(1, kArgument);
    tasks.fail.delay(2, "deliberate\nand on a second line " + std::string{kArgument});
    tasks.fail_in_sql.delay(8, kArgument);
    tasks.fail.delay(7, "no user of the name " + std::string{kArgument} + " is known");
    tasks.hook_throws.delay(3);
    tasks.reject.delay(4);
    tasks.two.apply_async({.expires = std::chrono::milliseconds{-1000}}, 5, kArgument);
    support::declare_later(app).delay(6);
    Envelope job{.id = JobId::generate(), .task = "insert", .args = {kArgument}, .queue = "default"};
    enqueue_raw(encode(job));
    enqueue_raw("{\"args\": [\"" + std::string{kArgument} + "\"]");
    EXPECT_TRUE(eventually([&] { return effects().size() == good; }));
    eventually_dead(6);
  }

  /// A worker whose URL holds a password; the server takes any.
  std::vector<std::string> options_with_password() const {
    auto with_password = database_url;
    const auto user = with_password.find("postgres@");
    EXPECT_NE(user, std::string::npos);
    with_password.replace(user, 9, "postgres:canary-password@");
    return {"--database", with_password};
  }
};

TEST_F(WorkerLog, NamesTheJobAndItsTaskOnEachLineThatConcernsOne) {
  auto& worker = start_worker();
  run_all_kinds_of_jobs();
  worker.signal(SIGTERM);
  ASSERT_EQ(worker.exit_code(), 0);
  std::set<std::string> messages;
  for (const auto& event : worker.events()) {
    for (const char* const field : {"time", "level", "message"}) EXPECT_TRUE(event.contains(field)) << event;
    const std::string message = event.at("message");
    messages.insert(message);
    if (message.find("job") == std::string::npos || event.contains("jobs"))
      continue;  // of none, or of several
    EXPECT_TRUE(event.contains("job_id") && event.contains("task")) << event;
  }
  for (const char* const message :
       {"worker started", "job started", "job done", "job failed, and will be retried",
        "job buried as a dead letter", "job expired before it started, and was dropped", "worker stopping",
        "worker stopped"}) {
    EXPECT_TRUE(messages.contains(message)) << message;
  }
}

TEST_F(WorkerLog, NamesTheJobOnTheLinesOfTheTaskItself) {
  auto& worker = start_worker();
  const auto job = tasks.say.delay(17);
  ASSERT_TRUE(worker.says("a line of its hook"));
  for (const auto& event : worker.events()) {
    const std::string message = event.at("message");
    if (message.find("a line of") == std::string::npos) continue;
    EXPECT_EQ(event.at("job_id"), job.str());
    EXPECT_EQ(event.at("task"), "say");
    EXPECT_EQ(event.at("attempt"), 1);
    EXPECT_EQ(event.contains("value"), message == "a line of the task");
  }
  EXPECT_EQ(worker.count("a line of the task"), 1);
}

TEST_F(WorkerLog, NamesTheQueueOfAJobThatIsDoneAndHasNumbersForNumbers) {
  auto& worker = start_worker({"--queues", "mail"});
  tasks.insert.apply_async({.queue = "mail"}, 1);
  ASSERT_TRUE(worker.says("job done"));
  for (const auto& event : worker.events()) {
    if (event.at("message") == "worker started") {
      EXPECT_TRUE(event.at("concurrency").is_number());
    }
    if (event.at("message") != "job done") continue;
    EXPECT_EQ(event.at("queue"), "mail");
    EXPECT_EQ(event.at("attempt"), 1);
    EXPECT_TRUE(event.at("ms").is_number());
  }
}

TEST_F(WorkerLog, NamesTheTypeOfAnExceptionAndKeepsItWithTheJob) {
  auto& worker = start_worker();
  tasks.fail.delay(1, "boom");
  const auto letter = eventually_dead(1).at(0);
  ASSERT_EQ(letter.job->errors.size(), 3U);
  for (const auto& error : letter.job->errors) {
    EXPECT_EQ(error.error, "boom");
    EXPECT_EQ(error.type, "aftercommit::support::DeliberateFailure");
  }
  tasks.throw_int.delay(2);
  EXPECT_EQ(eventually_dead(2).at(0).job->errors.at(0).type, "int");
  EXPECT_TRUE(worker.says("buried"));
  std::set<std::string> types;
  for (const auto& event : worker.events()) {
    if (event.contains("exception")) types.insert(event.at("exception").get<std::string>());
  }
  EXPECT_THAT(types, ::testing::UnorderedElementsAre("aftercommit::support::DeliberateFailure", "int"));
}

TEST_F(WorkerLog, IsOneLineAnEventAsTextToo) {
  auto& worker = start_worker({"--log-format", "text"});
  run_all_kinds_of_jobs();
  worker.signal(SIGTERM);
  ASSERT_EQ(worker.exit_code(), 0);
  const std::regex line{R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (debug|info|warning|error) .+)"};
  const std::regex job_line{R"(.* job_id=[0-9a-f-]{36} task=[a-z_]+.*)"};
  for (const auto& text : worker.log_lines()) {
    EXPECT_TRUE(std::regex_match(text, line)) << text;
    const auto has = [&](const char* words) { return text.find(words) != std::string::npos; };
    if (has(" job ") && !has(" jobs=") && !has("job_id=unknown")) {
      EXPECT_TRUE(std::regex_match(text, job_line)) << text;
    }
  }
}

TEST_F(WorkerLog, HoldsNoArgumentAndNoPassword) {
  auto& worker = start_worker(options_with_password());
  run_all_kinds_of_jobs();
  worker.signal(SIGTERM);
  ASSERT_EQ(worker.exit_code(), 0);
  EXPECT_THAT(worker.log(), Not(HasSubstr("canary")));
}

TEST_F(WorkerLog, LeavesOutWhatItsLevelSays) {
  auto& worker = start_worker(Start{.options = {"--log-level", "error"}, .wait = false});
  tasks.insert.delay(1);
  tasks.reject.delay(2);
  EXPECT_TRUE(eventually_effects({1}));
  eventually_dead(1);
  EXPECT_TRUE(worker.says("job buried as a dead letter"));
  for (const auto& event : worker.events()) EXPECT_EQ(event.at("level"), "error");
}

}  // namespace
}  // namespace aftercommit
