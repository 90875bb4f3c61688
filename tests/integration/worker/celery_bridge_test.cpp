/// What clients of Celery have put into Redis, as jobs: written there by hand.  Celery itself:
/// tests/python/celery_test.py.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/text/base64.hpp"
#include "broker/contract/celery_queue.hpp"
#include "support/fixtures/redis_calls.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::eventually;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class CeleryBridge : public support::WorkerTest {
 protected:
  support::WorkerProcess& start_bridge(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {"--celery-queue", queue, "--queues", queue});
    return start_worker(std::move(options));
  }

  static std::string message(const std::string& task, const json& args, const JobId& id = JobId::generate(),
                             const json& kwargs = json::object()) {
    const json body{args, kwargs, json::object()};
    return json{{"body", to_base64(body.dump())},
                {"content-encoding", "utf-8"},
                {"content-type", "application/json"},
                {"headers", {{"task", task}, {"id", id.str()}, {"eta", nullptr}, {"retries", 0}}},
                {"properties", {{"body_encoding", "base64"}, {"priority", 0}}}}
        .dump();
  }
  /// As a client does, whose priority is one of Celery's.
  void send(const std::string& text, int priority = 0) {
    redis.ask("LPUSH", priority == 0 ? queue : queue + "\x06\x16" + std::to_string(priority), text);
  }
  std::string list(const std::string& name) const {
    return parse_redis_url(redis_url).prefix + ":celery:{" + queue + "}:" + name;
  }
  bool eventually_forgotten() {
    return eventually([&] {
      return redis.ask("LLEN", queue)->integer == 0 && redis.ask("LLEN", list("taken"))->integer == 0;
    });
  }

  const Queue queue = support::unique_name("celery");
  support::Onlooker redis{redis_url};
};

TEST_F(CeleryBridge, MakesOneJobOfEachMessageWhateverItsPriorityAndHoweverOftenItIsThere) {  // P7
  const auto once = message("insert", {1});
  send(once);
  send(once);
  send(message("insert", {2}), 1);
  send(message("insert", {3}), 3);
  send(message("insert", {4}), 9);
  start_bridge();
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4}));
  EXPECT_TRUE(eventually_forgotten());
  send(once);
  send(message("insert", {5}));
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 5}));
  EXPECT_TRUE(eventually_forgotten());
  EXPECT_TRUE(eventually_empty(queue));
  EXPECT_EQ(effects(), (std::vector<long>{1, 2, 3, 4, 5})) << "its id is known after it has run as well";
  for (const char* const rest : {"1", "3", "9"})
    EXPECT_EQ(redis.ask("EXISTS", queue + "\x06\x16" + rest)->integer, 0);
}

TEST_F(CeleryBridge, TakesTheMoreUrgentFirstAndTheOldestOfThese) {
  for (const int priority : {9, 3, 0}) {
    for (const char* const text : {"a", "b"}) send(text + std::to_string(priority), priority);
  }
  const auto messages = make_celery_queue(redis_url, queue);
  EXPECT_THAT(messages->take(3).messages, ElementsAre("a0", "b0", "a3"));
  EXPECT_THAT(messages->take(100).messages, ElementsAre("b3", "a9", "b9"));
  EXPECT_THAT(messages->taken(2), ElementsAre("a0", "b0"));
  messages->forget(std::vector<std::string>{"a0", "a3", "b9", "never there"});
  EXPECT_THAT(messages->taken(100), ElementsAre("b0", "b3", "a9"));
}

TEST_F(CeleryBridge, TakesAsManyAsFitIntoAnAnswerAndOneAtLeast) {
  const std::string large(CeleryQueue::kMostBytes / 2 + 1, 'x');
  for (const char* const text : {"1", "2", "3"}) send(text + large + large);
  send(std::string(CeleryQueue::kLargest + 1, 'y'));
  send("last");
  const auto messages = make_celery_queue(redis_url, queue);
  std::size_t too_large = 0;
  for (int i = 0; i < 3; ++i) {
    const auto taken = messages->take(100);
    EXPECT_EQ(taken.messages.size(), 1U);
    too_large += taken.too_large;
  }
  const auto rest = messages->take(100);
  EXPECT_THAT(rest.messages, ElementsAre("last"));
  EXPECT_EQ(too_large + rest.too_large, 1U);
  EXPECT_EQ(redis.ask("LLEN", messages->too_large())->integer, 1);
  EXPECT_EQ(messages->taken(100).size(), 1U) << "as large as it is, it comes alone";
}

TEST_F(CeleryBridge, KeepsWhatIsNoJobAsADeadLetterAndLetsTheOthersPass) {
  app.database().exec("ALTER TABLE job ADD CHECK (envelope NOT LIKE '%forbidden%')");
  app.database().exec(
      "CREATE FUNCTION look() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "IF NEW.envelope LIKE '%disliked%' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$");
  app.database().exec("CREATE TRIGGER look BEFORE INSERT ON job FOR EACH ROW EXECUTE FUNCTION look()");
  send(message("two", {2, "disliked"}));
  const auto named = JobId::generate();
  const auto refused = JobId::generate();
  const auto unknown = JobId::generate();
  send("\xff, that is no JSON");
  send(message("insert", {1}));
  send(message("insert", json::array(), named, {{"order_id", 7}}));
  send(message("two", {2, "forbidden"}, refused));
  send(std::string(CeleryQueue::kLargest + 1, 'x'));
  send(message("no.such.task", json::array(), unknown));
  send(message("insert", {3}));
  auto& worker = start_bridge({"--unknown-task-grace", "0"});
  EXPECT_TRUE(eventually_effects({1, 3}));
  EXPECT_TRUE(eventually_forgotten());
  std::vector<std::string> reasons;
  for (const auto& letter : eventually_dead(5, queue)) reasons.push_back(letter.reason);
  EXPECT_THAT(reasons,
              UnorderedElementsAre(
                  HasSubstr("a message of Celery's is no job here: the message cannot be read: "),
                  HasSubstr("for task 'insert' is no job here: it has arguments by name (order_id)"),
                  HasSubstr("for task 'two' is no job here: the database refuses it: new row for relation"),
                  HasSubstr("for task 'two' is no job here: the database refuses it: not this one"),
                  HasSubstr("no.such.task")));
  EXPECT_THAT(decode_dead_letter(table.find_dead(named).value().letter),
              ::testing::VariantWith<DeadLetter>(::testing::Field(&DeadLetter::raw, HasSubstr(named.str()))));
  EXPECT_TRUE(table.find_dead(refused).has_value());
  EXPECT_TRUE(table.find_dead(unknown).has_value());
  EXPECT_EQ(redis.ask("LLEN", list("too_large"))->integer, 1);
  EXPECT_EQ(
      worker.event("messages of Celery's are too large to be read; they are kept in a list of their own")
          .at("key"),
      list("too_large"));
  EXPECT_THAT(worker.event("a message of Celery's is kept as a dead letter").at("reason").get<std::string>(),
              HasSubstr("is no job here"));
}

TEST_F(CeleryBridge, TakesUpWhatAnotherHasLeftBehindAtItsStartAndLater) {  // P5
  redis.ask("LPUSH", list("taken"), message("insert", {1}));
  start_bridge({"--lease", "0.3"});
  EXPECT_TRUE(eventually_effects({1}));
  redis.ask("LPUSH", list("taken"), message("insert", {2}));
  redis.ask("LPUSH", list("taken"), "neither");
  EXPECT_TRUE(eventually_effects({1, 2}));
  EXPECT_TRUE(eventually_forgotten());
  EXPECT_EQ(eventually_dead(1, queue).size(), 1U);
}

TEST_F(CeleryBridge, IsRefusedAtTheStartWhereItCouldKeepOrFindNothing) {
  const auto says = [&](std::vector<std::string> options, const char* sentence) {
    auto& worker = start_worker(Start{.options = std::move(options), .wait = false});
    EXPECT_EQ(worker.exit_code(), 3) << worker.log();
    EXPECT_THAT(worker.log(), HasSubstr(sentence));
  };
  says({"--celery-queue", queue, "--redis", "none"}, "needs one Redis, where Celery's clients send to");
  says({"--celery-queue", queue, "--celery-broker", "amqp://guest@localhost"},
       "--celery-queue has no use for the URL of Celery's broker: ");
}

TEST_F(CeleryBridge, WarnsWhereNobodyHereServesTheQueueOfItsJobs) {
  auto& worker = start_worker({"--celery-queue", queue});
  EXPECT_TRUE(worker.says("jobs of this queue are made of Celery's messages here"));
}

}  // namespace
}  // namespace aftercommit
