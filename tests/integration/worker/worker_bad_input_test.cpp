// Jobs that no worker can run: each stops itself alone, is kept with the reason, and never stops a worker.
#include <gtest/gtest.h>

#include <csignal>
#include <numeric>
#include <set>

#include "support/fixtures/redis_calls.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using Cause = DeadLetter::Cause;
using nlohmann::json;

/// Each test ends with a good job, to show that the worker lives.
class WorkerBadInput : public support::WorkerTest {
 protected:
  ~WorkerBadInput() override {
    for (auto& worker : workers) EXPECT_TRUE(worker.runs()) << worker.log();
  }

  Envelope job(const std::string& task, json args) const {
    Envelope envelope{.id = JobId::generate(), .task = task, .args = std::move(args), .queue = "default"};
    envelope.enqueued_at =
        std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    return envelope;
  }

  /// What became of a payload that some producer has put there.
  DeadLetter death_of(const std::string& payload) {
    start_worker();
    enqueue_raw(payload);
    const auto letter = eventually_dead(1).at(0);
    tasks.insert.delay(99);
    EXPECT_TRUE(eventually_effects({99}));
    EXPECT_TRUE(eventually_empty());
    return letter;
  }

  DeadLetter death_of_malformed(const std::string& payload) {
    const auto letter = death_of(payload);
    EXPECT_EQ(letter.cause, Cause::kMalformed);
    EXPECT_EQ(letter.raw, payload) << "kept byte for byte";
    EXPECT_FALSE(letter.reason.empty());
    return letter;
  }

  DeadLetter death_of_unconvertible(const std::string& task, json args) {
    const auto envelope = job(task, std::move(args));
    const auto letter = death_of(encode(envelope));
    EXPECT_EQ(letter.cause, Cause::kMalformed);
    EXPECT_TRUE(letter.job);
    if (letter.job) {
      EXPECT_EQ(letter.job->args, envelope.args);
    }
    return letter;
  }
};

TEST_F(WorkerBadInput, BuriesWhatIsNoJson) {  // P9
  death_of_malformed("{\"v\":1,\"id\":");
}

TEST_F(WorkerBadInput, BuriesWhatIsNotEvenText) {  // P9
  death_of_malformed(std::string{"\xFF\x00\xFE binary \x01", 12});
}

TEST_F(WorkerBadInput, BuriesAnEmptyMessage) {  // P9
  death_of_malformed("");
}

TEST_F(WorkerBadInput, BuriesAVersionItDoesNotRead) {  // P9
  auto tree = json::parse(encode(job("insert", {1})));
  tree["v"] = 2;
  const auto letter = death_of_malformed(tree.dump());
  EXPECT_NE(letter.reason.find("version"), std::string::npos) << letter.reason;
}

TEST_F(WorkerBadInput, BuriesAJobOverThePayloadLimit) {  // P9
  const auto letter = death_of_malformed(encode(job("two", {1, std::string(defaults::kPayloadLimit, 'x')})));
  EXPECT_NE(letter.reason.find("over the limit"), std::string::npos) << letter.reason;
}

TEST_F(WorkerBadInput, BuriesArgumentsThatDoNotConvert) {  // P9
  const auto letter = death_of_unconvertible("insert", {"one"});
  EXPECT_EQ(letter.reason,
            "argument 1 of task 'insert' does not convert: a text is not a whole number from "
            "-9223372036854775808 to 9223372036854775807");
}

TEST_F(WorkerBadInput, BuriesNumbersInContainersThatDoNotConvert) {  // P9
  const auto letter = death_of_unconvertible("numbers", json::parse("[[3000000000, 1.9, true]]"));
  EXPECT_EQ(letter.reason,
            "argument 1 of task 'numbers' does not convert: at [0]: 3000000000 is not a whole number from "
            "-2147483648 to 2147483647");
}

TEST_F(WorkerBadInput, BuriesAWrongNumberOfArguments) {  // P9
  const auto letter = death_of_unconvertible("two", {1});
  EXPECT_EQ(letter.reason, "task 'two' takes 2 arguments, the job has 1");
}

TEST_F(WorkerBadInput, BuriesArgumentsWhoseConversionThrowsAnything) {  // P9
  const auto letter = death_of_unconvertible("unreadable", {1});
  EXPECT_FALSE(letter.reason.empty());
}

TEST_F(WorkerBadInput, BuriesAStreamEntryWithForeignFields) {  // P9
  start_worker();
  tasks.insert.delay(1);
  ASSERT_TRUE(eventually_effects({1}));
  const RedisKeys keys{parse_redis_url(redis_url).prefix, "default"};
  support::Onlooker{redis_url}.ask("XADD", keys.stream, "*", "color", "green");
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kMalformed);
  EXPECT_NE(letter.raw.find("green"), std::string::npos);
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({1, 2}));
}

TEST_F(WorkerBadInput, PutsAJobAsideForADatabaseThatItDoesNotHave) {  // P9
  auto& worker = start_worker();
  auto envelope = job("insert", {1});
  envelope.database = "nowhere";
  envelope.max_retries = 0;
  enqueue_raw(encode(envelope));
  tasks.insert.delay(2);
  EXPECT_TRUE(eventually_effects({2}));
  EXPECT_TRUE(worker.says("jobs name a database that this worker does not have"));
  const std::vector<Queue> queues{"default"};
  EXPECT_TRUE(eventually([&] { return broker->aside(queues).size() == 1; }));
  EXPECT_EQ(broker->aside(queues).at(0).reason, "database:nowhere");
}

TEST_F(WorkerBadInput, RunsAThousandGoodJobsAmongAThousandMalformedOnesAndKeepsThem) {  // P9
  start_worker();
  constexpr long kJobs = 1000;
  std::vector<Outgoing> jobs;
  std::vector<long> expected(kJobs);
  std::iota(expected.begin(), expected.end(), 1);
  for (const long value : expected) {
    jobs.push_back({.queue = "default", .payload = "malformed " + std::to_string(value)});
    jobs.push_back({.queue = "default", .payload = encode(job("insert", {value}))});
  }
  broker->enqueue(jobs, std::chrono::seconds{5});

  EXPECT_TRUE(eventually_effects(expected));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(broker->counts("default").dead, kJobs);
  std::set<std::string> kept;
  for (const auto& letter : eventually_dead(kJobs)) {
    EXPECT_EQ(letter.cause, Cause::kMalformed);
    EXPECT_FALSE(letter.reason.empty());
    kept.insert(letter.raw);
  }
  EXPECT_EQ(kept.size(), static_cast<std::size_t>(kJobs));
}

class WorkerUnknownTask : public support::WorkerTest {};

TEST_F(WorkerUnknownTask, GoesBackUntilAWorkerComesThatKnowsIt) {  // P9
  auto& before = start_worker();
  const auto later = support::declare_later(app);
  const auto job = later.delay(1);
  ASSERT_TRUE(before.says("job put back: this worker knows no such task"));
  before.signal(SIGTERM);
  EXPECT_EQ(before.exit_code(), 0);

  start_worker(Start{.library = AFTERCOMMIT_TEST_TASKS_LATER});
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(app.database().exec("SELECT attempt FROM effect WHERE job_id = $1", job)[0][0].as<int>(), 1);
}

TEST_F(WorkerUnknownTask, IsADeadLetterAtOnceWithoutAnyGrace) {  // P9
  start_worker({"--unknown-task-grace", "0"});
  const auto later = support::declare_later(app);
  const auto job = later.delay(1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kUnknownTask);
  EXPECT_EQ(letter.reason, "task 'later': this worker knows no such task, nor did any other for 0 s");
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, job);
  EXPECT_EQ(letter.job->args, json::array({1}));
}

TEST_F(WorkerUnknownTask, IsADeadLetterWhenItsGraceHasPassed) {  // P9
  auto& worker = start_worker({"--unknown-task-grace", "1"});
  const auto later = support::declare_later(app);
  const auto before = std::chrono::system_clock::now();
  for (const long value : {1, 2, 3}) later.delay(value);
  for (const auto& letter : eventually_dead(3)) {
    EXPECT_EQ(letter.cause, Cause::kUnknownTask);
    EXPECT_GE(letter.at - before, std::chrono::seconds{1});
  }
  EXPECT_EQ(worker.count("job put back: this worker knows no such task; said once for each task"), 1);
}

TEST_F(WorkerUnknownTask, IsOneThatIsDeclaredAndHasNoBodyToo) {  // P9
  start_worker({"--unknown-task-grace", "0"});
  tasks.bodiless.delay(1);
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.cause, Cause::kUnknownTask);
  EXPECT_EQ(
      letter.reason,
      "task 'bodiless': the task is declared, but has no body in this worker, nor did any other for 0 s");
}

TEST_F(WorkerUnknownTask, WithoutABodyGoesBackAsWell) {  // P9
  start_worker();
  tasks.bodiless.delay(1);
  ASSERT_TRUE(workers.front().says("job put back: the task is declared, but has no body"));
  ASSERT_TRUE(eventually([&] { return broker->counts("default").delayed == 1; }));
  workers.clear();
  start_worker(Start{.library = AFTERCOMMIT_TEST_TASKS_LATER});
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(WorkerUnknownTask, IsNotKeptForEverByATimeInTheFuture) {  // P9
  start_worker({"--unknown-task-grace", "0"});
  Envelope job{.id = JobId::generate(), .task = "later", .args = {1}, .queue = "default"};
  job.unknown_since =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) +
      std::chrono::hours{24};
  enqueue_raw(encode(job));
  EXPECT_EQ(eventually_dead(1).at(0).cause, Cause::kUnknownTask);
}

}  // namespace
}  // namespace aftercommit
