/// What an application wraps around the runs of its tasks, and the trace that a run belongs to: as far as no
/// server is needed for it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <variant>
#include <vector>

#include "aftercommit/log.hpp"
#include "broker/envelope/trace_field.hpp"
#include "worker/run/attempt.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class AroundRunTest : public ::testing::Test {
 protected:
  AroundRunTest() {
    task.run([this](Job& job) { body(job); });
    lease.renewed(HeldLease::Clock::now(), true);
  }

  static Envelope job() { return {.id = JobId::generate(), .task = "bare", .queue = "mail"}; }
  Settlement settled(const Envelope& job) {
    Attempt attempt{context, {.queue = "mail", .entry = "1-0", .payload = encode(job)}, running};
    return attempt.run().value();
  }
  /// What the error of a job that is to run again says.
  std::string error_of(const Settlement& settlement) {
    EXPECT_EQ(settlement.kind, Settlement::Kind::kRetry);
    return std::get<Envelope>(decode(settlement.payload, app.options().payload_limit)).errors.at(0).error;
  }

  std::function<void(Job&)> body = [](Job&) {};
  App app{"shop",
          {.redis_url = "memory://around_run_test",
           .databases = {{"default", {.url = "postgresql://nobody@127.0.0.1:1/shop"}}}}};
  const Task<> task = app.task<>("bare", {.transactional = false});
  HeldLease lease{1h};
  Home home{app, {"mail"}, true};
  AttemptContext context{.app = app, .worker = "w", .unknown_task_grace = 60s, .leases = lease, .home = home};
  RunningJob running;
};

TEST_F(AroundRunTest, StandsAroundTheTaskInTheOrderOfRegistrationAndReadsItsHeaders) {
  std::vector<std::string> said;
  app.around_run([&](Job& job, const Next& next) {
    said.push_back("first before " + std::string{job.headers().get("tenant").value_or("nobody")});
    next();
    said.emplace_back("first after");
  });
  app.around_run([&](Job&, Next next) {
    said.emplace_back("second before");
    next();
    said.emplace_back("second after");
  });
  body = [&](Job&) { said.emplace_back("task"); };
  auto blue = job();
  blue.headers = {{"tenant", "blue"}};
  EXPECT_EQ(settled(blue).kind, Settlement::Kind::kAck);
  EXPECT_THAT(said, ElementsAre("first before blue", "second before", "task", "second after", "first after"));
}

TEST_F(AroundRunTest, FailsTheAttemptAsTheTaskWouldAndMaySayHow) {
  app.around_run([](Job&, const Next& next) {
    try {
      next();
    } catch (const std::out_of_range&) {
      throw Reject{"never"};
    } catch (const std::domain_error&) {
      throw Retry{"later", 7s};
    }
  });
  body = [](Job&) { throw std::out_of_range{"9"}; };
  const auto rejected = settled(job());
  EXPECT_EQ(rejected.kind, Settlement::Kind::kBury);
  EXPECT_THAT(rejected.payload, HasSubstr("never"));
  body = [](Job&) { throw std::domain_error{"9"}; };
  const auto retried = settled(job());
  EXPECT_EQ(retried.kind, Settlement::Kind::kRetry);
  EXPECT_EQ(retried.countdown, 7s);
}

TEST_F(AroundRunTest, CannotMakeASuccessOfAFailureNorOfATaskThatHasNotRun) {
  bool call = true;
  int runs = 0;
  app.around_run([&](Job&, const Next& next) {
    try {
      if (call) next();
    } catch (const std::exception&) {  // as if nothing had happened
    }
  });
  body = [&](Job&) {
    ++runs;
    throw std::out_of_range{"the task's own"};
  };
  EXPECT_EQ(error_of(settled(job())), "the task's own");
  call = false;
  EXPECT_THAT(error_of(settled(job())),
              HasSubstr("middleware 1 around the run of task 'bare' did not call next()"));
  EXPECT_EQ(runs, 1);
}

TEST_F(AroundRunTest, IsWithinASpanOfItsOwnOfTheTraceOfTheJob) {
  const auto asked = TraceContext::generate(true);
  auto traced = job();
  traced.trace = trace_field(asked);
  std::vector<TraceContext> spans;
  body = [&](Job& job) {
    EXPECT_EQ(job.trace(), asked);
    ASSERT_NE(TraceContext::current(), nullptr);
    spans.push_back(*TraceContext::current());
  };
  settled(traced);
  settled(traced);
  ASSERT_EQ(spans.size(), 2U);
  EXPECT_EQ(spans[0].trace_id(), asked.trace_id());
  EXPECT_NE(spans[0].span_id(), asked.span_id());
  EXPECT_NE(spans[0].span_id(), spans[1].span_id()) << "each attempt";
  EXPECT_EQ(TraceContext::current(), nullptr);
  body = [](Job& job) {
    EXPECT_EQ(job.trace(), std::nullopt);
    EXPECT_EQ(TraceContext::current(), nullptr);
  };
  settled(job());
}

}  // namespace
}  // namespace aftercommit::worker
