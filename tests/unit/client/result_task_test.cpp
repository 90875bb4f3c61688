/// Tasks that return a value: how they are declared, and how the value becomes JSON and back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/result.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

struct Money {
  int cents = 0;
};
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Money, cents)

/// Keeps what a worker would write.
struct Notes final : detail::JobNotes {
  void progress(std::int64_t /*done*/, std::int64_t /*total*/, std::string_view /*note*/) override {}
  void line(std::string_view /*text*/) override {}
  void result(std::string value, std::chrono::milliseconds ttl) override {
    json = std::move(value);
    kept_for = ttl;
  }
  std::string json;
  std::chrono::milliseconds kept_for{0};
};

class ResultTaskTest : public ::testing::Test {
 protected:
  void run(const std::string& task, const nlohmann::json& args = nlohmann::json::array()) {
    const JobInfo info{.id = JobId::generate(), .task = task, .queue = "default"};
    Job job{info, nullptr, stop, &notes};
    app.core().find_task(task)->bind(args)(job);
  }
  /// What the sentence is of the error that `body` throws.
  template <class E, class Body>
  static std::string sentence(const Body& body) {
    try {
      body();
    } catch (const E& error) {
      return error.what();
    }
    return "(nothing was thrown)";
  }

  App app{"results", {.redis_url = "memory://results", .payload_limit = 1000}};
  std::atomic<bool> stop{false};
  Notes notes;
};

TEST_F(ResultTaskTest, GivesTheValueToBeWrittenWithTheCommit) {
  const auto sum = app.task<long(std::vector<int>)>("sum", {.result_ttl = 1h});
  sum.run([](const std::vector<int>& values) { return values.at(0) + values.at(1); });
  run("sum", nlohmann::json::parse("[[1, 2]]"));
  EXPECT_EQ(notes.json, "3");
  EXPECT_EQ(notes.kept_for, 1h);
  const auto price = app.task<std::optional<Money>()>("price");
  price.run([](Job&) { return Money{250}; });
  run("price");
  EXPECT_EQ(notes.json, R"({"cents":250})");
  EXPECT_EQ(notes.kept_for, 24h) << "a day where nothing is said";
  app.task<void()>("tidy").run([] {});
  run("tidy");
  EXPECT_EQ(notes.json, "null");
}

TEST_F(ResultTaskTest, FailsTheAttemptByNameWhereTheValueCannotBeKept) {
  app.task<signed char()>("small").run([] { return 300; });
  app.task<double()>("nothing").run([] { return std::numeric_limits<double>::quiet_NaN(); });
  app.task<std::string()>("long").run([] { return std::string(1000, 'x'); });
  EXPECT_THAT(sentence<PayloadError>([&] { run("small"); }), HasSubstr("the result of task 'small' is 300"));
  EXPECT_THAT(sentence<PayloadError>([&] { run("nothing"); }),
              HasSubstr("the result of task 'nothing' cannot"));
  EXPECT_THAT(sentence<PayloadError>([&] { run("long"); }),
              HasSubstr("takes 1002 bytes, over the payload limit"));
  EXPECT_TRUE(notes.json.empty());
}

TEST_F(ResultTaskTest, IsRefusedWithoutATransactionOrATimeToKeepTheValue) {
  EXPECT_THAT(sentence<UsageError>([&] { app.task<int()>("bare", {.transactional = false}); }),
              HasSubstr("task 'bare' returns a value, which is written in its transaction"));
  EXPECT_THAT(sentence<UsageError>([&] { app.task<int()>("short", {.result_ttl = 0ms}); }),
              HasSubstr("task 'short' has a result_ttl of 0 ms"));
  EXPECT_THAT(sentence<UsageError>([&] { app.task<int>("none", {.result_ttl = 1h}); }),
              HasSubstr("task 'none' has a result_ttl and returns nothing"));
}

TEST_F(ResultTaskTest, ReadsAValueAsStrictlyAsAnArgument) {
  const Outcome<Money> good{{.state = ResultState::kDone, .value = {{"cents", 5}}}, "price"};
  EXPECT_EQ(good->cents, 5);
  EXPECT_THAT(sentence<Error>([] {
                const Outcome<int> bad{{.state = ResultState::kDone, .value = 1.5}, "price"};
              }),
              HasSubstr("the result of task 'price' does not convert"));
}

TEST_F(ResultTaskTest, SaysWhyThereIsNoValue) {
  const auto of = [](ResultState state) {
    return sentence<NoResult>(
        [&] { Outcome<int>({.state = state, .error = "no such order"}, "price").value(); });
  };
  EXPECT_EQ(of(ResultState::kFailed), "a job of task 'price' has no result: it is dead: no such order");
  EXPECT_EQ(of(ResultState::kCancelled), "a job of task 'price' has no result: it was cancelled");
  EXPECT_TRUE(NoResult("", ResultState::kPending).retryable());
  EXPECT_FALSE(NoResult("", ResultState::kFailed).retryable());
}

}  // namespace
}  // namespace aftercommit
