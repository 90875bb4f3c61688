/// What all roles of a worker have in common: steps, pauses, errors and the stop.
#include "worker/roles/role_thread.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::ElementsAre;

constexpr auto kForEver = 24h;

bool is(const RoleThread& thread, Phase phase) { return Progress::phase(thread.progress().state()) == phase; }

/// What is logged meanwhile.
class Said {
 public:
  Said() {
    set_log_handler([this](const LogEvent& event) {
      std::string line{event.message};
      for (const auto& [key, value] : event.fields) {
        if (key == "role" || key == "error") line += " | " + value;
      }
      const std::lock_guard lock{mutex_};
      lines_.push_back(std::move(line));
    });
  }
  ~Said() { set_log_handler(nullptr); }
  Said(const Said&) = delete;
  Said& operator=(const Said&) = delete;

  std::vector<std::string> lines() const {
    const std::lock_guard lock{mutex_};
    return lines_;
  }

 private:
  mutable std::mutex mutex_;  // protects lines_
  std::vector<std::string> lines_;
};

TEST(RoleThread, DoesItsStepAgainAndAgainUntilItIsStopped) {
  std::atomic<int> steps{0};
  RoleThread thread{{"counting"}, [&](const std::stop_token&) {
                      ++steps;
                      return 0ms;
                    }};
  EXPECT_TRUE(eventually([&] { return steps >= 3; }));
  thread.stop();
  const int done = steps;
  EXPECT_FALSE(eventually([&] { return steps != done; }, 20ms));
}

TEST(RoleThread, LeavesTheWaitToAStepThatGivesBackNothing) {
  std::atomic<int> steps{0};
  const RoleThread thread{{"counting"}, [&](const std::stop_token&) { ++steps; }};
  EXPECT_TRUE(eventually([&] { return steps >= 3; }));
  EXPECT_TRUE(is(thread, Phase::kAtWork));
}

TEST(RoleThread, PausesAsLongAsItsStepSaysAndIsStoppedAllTheSame) {
  std::atomic<int> steps{0};
  RoleThread thread{{"counting"}, [&](const std::stop_token&) {
                      ++steps;
                      return kForEver;
                    }};
  EXPECT_TRUE(eventually([&] { return steps == 1 && is(thread, Phase::kWaiting); }));
  thread.stop();
  EXPECT_EQ(steps, 1);
}

TEST(RoleThread, IsAtWorkInItsStepsAndWaitsBetweenThem) {
  std::atomic<bool> begun{false};
  std::atomic<bool> released{false};
  const RoleThread thread{{"working"}, [&](const std::stop_token&) {
                            begun = true;
                            begun.notify_one();
                            released.wait(false);
                            return kForEver;
                          }};
  begun.wait(false);
  EXPECT_TRUE(is(thread, Phase::kAtWork));
  released = true;
  released.notify_one();
  EXPECT_TRUE(eventually([&] { return is(thread, Phase::kWaiting); }));
}

TEST(RoleThread, GoesOnAfterWhateverItsStepThrowsAndSaysItOnce) {
  const Said said;
  std::atomic<int> steps{0};
  const RoleThread thread{{"stumbling"}, [&](const std::stop_token&) {
                            if (++steps < 3) throw std::runtime_error{"a stone"};
                            return kForEver;
                          }};
  EXPECT_TRUE(eventually([&] { return steps == 3 && is(thread, Phase::kWaiting); }));
  const auto lines = said.lines();
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(lines[0], ::testing::StartsWith("a part of this worker has failed; trying again until it does "
                                              "not | stumbling | "));
  EXPECT_THAT(lines[0], ::testing::HasSubstr("a stone"));
  EXPECT_EQ(lines[1], "the part of this worker that had failed goes on | stumbling");
}

TEST(RoleThread, NamesTheServerThatDoesNotServe) {
  const Said said;
  std::atomic<int> steps{0};
  const RoleThread thread{{"asking", "the oracle"}, [&](const std::stop_token&) {
                            if (++steps < 2) throw ConfigError{"it is silent"};
                            return kForEver;
                          }};
  EXPECT_TRUE(eventually([&] { return steps == 2 && is(thread, Phase::kWaiting); }));
  EXPECT_THAT(said.lines(),
              ElementsAre("the oracle does not serve; trying again until it does | asking | it is silent",
                          "the oracle serves again | asking"));
}

TEST(RoleThread, DoesWhatComesLastOnceAndOnlyAfterTheStop) {
  std::atomic<int> steps{0};
  std::atomic<int> last{0};
  RoleThread thread{{"counting"},
                    [&](const std::stop_token&) {
                      ++steps;
                      return 0ms;
                    },
                    [&](const std::stop_token& stop) {
                      EXPECT_TRUE(stop.stop_requested());
                      ++last;
                    }};
  EXPECT_TRUE(eventually([&] { return steps >= 3; }));
  EXPECT_EQ(last, 0);
  thread.stop();
  EXPECT_EQ(last, 1);
  thread.stop();
  EXPECT_EQ(last, 1);
}

}  // namespace
}  // namespace aftercommit::worker
