/// The test kit for GoogleTest: all of testing.hpp, the macros, and the fixture.
#pragma once

#include <gtest/gtest.h>

#include <exception>
#include <optional>
#include <ostream>
#include <utility>

#include "aftercommit/testing.hpp"

/// EXPECT_ENQUEUED(task, args...): a job of the task waits, with exactly these arguments.  See enqueued().
#define EXPECT_ENQUEUED(...) EXPECT_TRUE(::aftercommit::testing::is_enqueued(__VA_ARGS__))
#define ASSERT_ENQUEUED(...) ASSERT_TRUE(::aftercommit::testing::is_enqueued(__VA_ARGS__))
/// EXPECT_NOT_ENQUEUED(task): no job of the task waits; with arguments: none with exactly these.
#define EXPECT_NOT_ENQUEUED(...) EXPECT_TRUE(::aftercommit::testing::is_not_enqueued(__VA_ARGS__))
#define ASSERT_NOT_ENQUEUED(...) ASSERT_TRUE(::aftercommit::testing::is_not_enqueued(__VA_ARGS__))

namespace aftercommit::testing {

template <class... Args, class... Given>
::testing::AssertionResult is_enqueued(const Task<Args...>& task, Given&&... args) {
  const auto answer = find_enqueued(task, std::forward<Given>(args)...);
  return answer.found ? ::testing::AssertionSuccess() : ::testing::AssertionFailure() << answer.text;
}

template <class... Args, class... Given>
::testing::AssertionResult is_not_enqueued(const Task<Args...>& task, Given&&... args) {
  const auto look = [&] {
    if constexpr (sizeof...(Given) == 0) {
      return find_any_enqueued(task);
    } else {
      return find_enqueued(task, std::forward<Given>(args)...);
    }
  };
  const auto answer = look();
  return answer.found ? ::testing::AssertionFailure() << answer.text : ::testing::AssertionSuccess();
}

inline void PrintTo(Ended ended, std::ostream* out) { *out << to_string(ended); }
inline void PrintTo(const JobRun& run, std::ostream* out) { *out << run.text(); }

/// Each test in a transaction that is rolled back, with an empty broker: see reset() and
/// RolledBackTransaction.  Deferred constraints are checked when the test has ended.
///   class ShopTest : public aftercommit::testing::TransactionTest {
///    protected:
///     ShopTest() : TransactionTest{shop::app} {}
///   };
class TransactionTest : public ::testing::Test {
 protected:
  /// `app` is not owned and outlives this.
  explicit TransactionTest(App& app) : app_{app} {
    reset(app);
    transaction_.emplace(app);
  }
  void TearDown() override {
    if (!transaction_) return;
    try {
      transaction_->check_constraints();
    } catch (const std::exception& error) {
      ADD_FAILURE() << "a commit would have failed: " << error.what();
    }
  }

  std::vector<JobRun> drain(const DrainOptions& options = {}) { return testing::drain(app_, options); }
  Captured capture_on_commit(const std::function<void()>& body, const CaptureOptions& options = {}) {
    return testing::capture_on_commit(app_, body, options);
  }

 private:
  App& app_;
  std::optional<RolledBackTransaction> transaction_;
};

}  // namespace aftercommit::testing
