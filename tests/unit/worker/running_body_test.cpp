// What is asked of a running task from outside, and until when.
#include "worker/watch/running_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>

#include "aftercommit/error.hpp"
#include "client/transaction/interrupt.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using detail::Interrupt;

class RunningBodyTest : public ::testing::Test {
 protected:
  RunningBody::Clock::time_point begin(const TimeLimits& limits) {
    return body->begin(job, "report", limits, kStart);
  }
  RunningBody::Look look(std::chrono::milliseconds after, bool overdue = true) {
    return body->look(kStart + after, overdue);
  }
  static std::string text_of(const std::exception_ptr& thrown) {
    try {
      if (thrown) std::rethrow_exception(thrown);
    } catch (const std::exception& error) {
      return error.what();
    }
    return "";
  }

  static constexpr RunningBody::Clock::time_point kStart{1h};

  const JobId job = JobId::generate();
  const std::shared_ptr<RunningBody> body = std::make_shared<RunningBody>();
  const Interrupt::OfThread of_thread{body->interrupt()};
};

TEST_F(RunningBodyTest, IsAskedToStopOnceItsSoftLimitHasPassed) {
  EXPECT_EQ(begin({.soft = 2s, .hard = 5s}), kStart + 2s);
  EXPECT_EQ(look(1999ms).next, kStart + 2s);
  EXPECT_FALSE(body->stop_requested());
  EXPECT_NO_THROW(Interrupt::check());
  EXPECT_EQ(look(2s).next, kStart + 5s);
  EXPECT_TRUE(body->stop_requested());
  EXPECT_THROW(Interrupt::check(), SoftTimeLimitExceeded);
  EXPECT_NO_THROW(Interrupt::check()) << "so that it can clean up";
  EXPECT_EQ(body->end(), nullptr) << "it may commit all the same";
}

TEST_F(RunningBodyTest, IsCutShortByItsHardLimitWhateverItCatches) {
  begin({.hard = 2s});
  EXPECT_FALSE(look(2s).overdue);
  EXPECT_TRUE(body->stop_requested());
  EXPECT_THROW(Interrupt::check(), TimeLimitExceeded);
  EXPECT_THROW(Interrupt::check(), TimeLimitExceeded);
  EXPECT_EQ(text_of(body->end()), "timed out in task 'report' after 2 s");
  EXPECT_FALSE(body->stop_requested());
  EXPECT_NO_THROW(Interrupt::check()) << "the next job's";
  EXPECT_EQ(look(1h).next, RunningBody::Clock::time_point::max());
}

TEST_F(RunningBodyTest, IsAskedToStopForEachOfTheJobsThatRunInIt) {
  const auto other = JobId::generate();
  const auto why = std::make_exception_ptr(std::runtime_error{"cancelled"});
  begin({});
  EXPECT_FALSE(body->ask_to_stop(other, why));
  body->runs_with({job, other});
  EXPECT_TRUE(body->ask_to_stop(other, why));
  EXPECT_TRUE(body->stop_requested());
  body->end();
  begin({});
  EXPECT_FALSE(body->ask_to_stop(other, why)) << "the next body is not that one's";
}

TEST_F(RunningBodyTest, IsOverdueIfItGoesOnAfterThat) {
  begin({.hard = 1500ms});
  EXPECT_FALSE(look(1500ms).overdue);
  EXPECT_FALSE(look(1999ms).overdue);
  EXPECT_FALSE(look(3s, false).overdue) << "where its process is not to be ended";
  const auto found = look(3s);
  EXPECT_TRUE(found.overdue);
  EXPECT_EQ(found.job, job.str());
  EXPECT_EQ(found.text, "timed out in task 'report' after 1.5 s");
  EXPECT_FALSE(look(4s).overdue) << "it is told once";
}

TEST_F(RunningBodyTest, RunsAsLongAsItLikesWithoutLimits) {
  EXPECT_EQ(begin({.soft = 0ms, .hard = -1ms}), RunningBody::Clock::time_point::max());
  EXPECT_EQ(look(1000h).next, RunningBody::Clock::time_point::max());
  EXPECT_EQ(begin({.hard = std::chrono::milliseconds::max()}), kStart + std::chrono::years{100});
}

TEST_F(RunningBodyTest, IsFoundByTheIdOfItsJobWhileItRuns) {
  const auto why = std::make_exception_ptr(std::runtime_error{"cancelled"});
  EXPECT_FALSE(body->cut_short(job, why));
  begin({});
  EXPECT_FALSE(body->ask_to_stop(JobId::generate(), why));
  EXPECT_FALSE(body->cut_short(JobId::generate(), why));
  EXPECT_FALSE(body->stop_requested());
  EXPECT_TRUE(body->ask_to_stop(job, why));
  EXPECT_TRUE(body->stop_requested());
  EXPECT_THROW(Interrupt::check(), std::runtime_error);
  EXPECT_NO_THROW(Interrupt::check());
  EXPECT_TRUE(body->cut_short(job, why));
  EXPECT_THROW(Interrupt::check(), std::runtime_error);
  EXPECT_FALSE(body->look(RunningBody::Clock::now() + 1h, true).overdue) << "no process is ended for that";
  EXPECT_EQ(text_of(body->end()), "cancelled");
  EXPECT_FALSE(body->ask_to_stop(job, why));
}

}  // namespace
}  // namespace aftercommit::worker
