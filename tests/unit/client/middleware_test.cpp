/// What travels beside the arguments of a job, and what an application wraps around the asking for jobs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "aftercommit/aftercommit.hpp"
#include "broker/contract/broker.hpp"
#include "broker/envelope/trace_field.hpp"

namespace aftercommit {
namespace {

using namespace std::string_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Headers, AreTextsInTheOrderOfTheirNames) {
  Headers headers{{"tenant", "blue"}, {"locale", "d\xC3\xA9"}};
  headers.set("B", "1");
  headers.set("tenant", "red");
  std::vector<std::string> all;
  for (const auto& [name, value] : headers) all.push_back(name + "=" + value);
  EXPECT_THAT(all, ElementsAre("B=1", "locale=d\xC3\xA9", "tenant=red"));
  EXPECT_EQ(headers.get("tenant"), "red");
  EXPECT_FALSE(headers.contains("Tenant"));
  EXPECT_TRUE(headers.erase("B"));
  EXPECT_FALSE(headers.erase("B"));
  EXPECT_EQ(headers, (Headers{{"locale", "d\xC3\xA9"}, {"tenant", "red"}}));
}

TEST(Headers, AreRefusedBeyondTheirBoundsAndStayAsTheyWere) {
  Headers headers{{"tenant", "blue"}};
  const auto before = headers;
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"", "x"},
                                                        {"a b", "x"},
                                                        {std::string(65, 'n'), "x"},
                                                        {"bytes", "\xFF"},
                                                        {"big", std::string(4084, 'x')}}) {
    EXPECT_THROW(headers.set(name, value), UsageError) << name;
  }
  EXPECT_EQ(headers, before);
  headers.set("big", std::string(4096 - 10 - 3, 'x'));
  EXPECT_THROW((Headers{{"a", "1"}, {"a", "2"}}), UsageError);
  Headers many;
  for (std::size_t i = 0; i < Headers::kMost; ++i) many.set("h" + std::to_string(i), "");
  EXPECT_THROW(many.set("more", ""), UsageError);
  many.set("h0", "another value");
}

class Middleware : public ::testing::Test {
 protected:
  Middleware() {
    app.around_enqueue([this](EnqueueCall& call, const Next& next) {
      said.push_back("first sees " + call.task + call.args.at(0).dump());
      next();
      said.push_back("first after");
    });
  }

  /// All jobs that were sent.
  std::vector<Envelope> sent() {
    std::vector<Envelope> jobs;
    broker->for_each_job("default", [&](JobState, std::string_view payload) {
      jobs.push_back(std::get<Envelope>(decode(payload, payload.size())));
    });
    std::ranges::sort(jobs, {}, &Envelope::id);
    return jobs;
  }
  template <class Thrown>
  std::string refusal() {
    try {
      pay.delay(7);
    } catch (const Thrown& error) {
      return error.what();
    }
    return "nothing was thrown";
  }

  std::vector<std::string> said;
  App app{"shop",  // nobody listens at the database
          {.redis_url = "memory://" + JobId::generate().str(),
           .databases = {{"default", {.url = "postgresql://127.0.0.1:1/shop"}}},
           .delivery = Delivery::kImmediate}};
  const std::unique_ptr<Broker> broker = make_broker(app.options().redis_url);
  const Task<long> pay = app.task<long>("pay");
};

TEST_F(Middleware, AroundEnqueueingIsCalledInTheOrderOfRegistrationAndAddsHeaders) {
  app.around_enqueue([this](EnqueueCall& call, Next next) {
    said.emplace_back("second before");
    call.headers.set("locale", "de");
    next();
    said.emplace_back("second after");
  });
  app.around_enqueue([](EnqueueCall& call, const std::function<void()>& next) {
    EXPECT_EQ(call.headers.get("locale"), "de");
    next();
  });
  const auto id = pay.apply_async({.headers = {{"tenant", "blue"}}}, 7);
  EXPECT_THAT(said, ElementsAre("first sees pay[7]", "second before", "second after", "first after"));
  const auto jobs = sent();
  ASSERT_EQ(jobs.size(), 1U);
  EXPECT_EQ(jobs[0].id, id);
  EXPECT_EQ(jobs[0].headers, (Headers{{"locale", "de"}, {"tenant", "blue"}}));
  EXPECT_TRUE(jobs[0].trace.is_null());
}

TEST_F(Middleware, AroundEnqueueingSeesManyJobsAsOneCallAndTheirIdsAfterwards) {
  std::vector<JobId> seen;
  app.around_enqueue([&](EnqueueCall& call, const Next& next) {
    EXPECT_TRUE(call.ids.empty());
    call.headers.set("tenant", "blue");
    next();
    seen = call.ids;
    EXPECT_EQ(call.args, (std::vector<nlohmann::json>{{7}, {8}}));
  });
  const auto ids = pay.delay_many({{7}, {8}});
  EXPECT_EQ(seen, ids);
  EXPECT_THAT(said, ElementsAre("first sees pay[7]", "first after"));
  for (const auto& job : sent()) EXPECT_EQ(job.headers.get("tenant"), "blue");
  said.clear();
  EXPECT_TRUE(pay.delay_many(std::vector<TaskCall<long>>{}).empty());
  EXPECT_TRUE(said.empty()) << "there is no job";
}

TEST_F(Middleware, ThatThrowsOrDoesNotCallNextLeavesNothingAskedFor) {
  enum { kThrows, kForgets, kTwice } how = kThrows;
  app.around_enqueue([&](EnqueueCall&, const Next& next) {
    if (how == kThrows) throw std::out_of_range{"no such tenant"};
    if (how == kTwice) next();
    if (how == kTwice) next();
  });
  EXPECT_EQ(refusal<std::out_of_range>(), "no such tenant");
  how = kForgets;
  EXPECT_EQ(refusal<UsageError>(),
            "middleware 2 around enqueueing of task 'pay' did not call next(): it has to call it once, or to "
            "throw");
  EXPECT_TRUE(sent().empty());
  how = kTwice;
  EXPECT_THAT(refusal<UsageError>(),
              HasSubstr("middleware 2 around enqueueing of task 'pay' called next() twice"));
  EXPECT_EQ(sent().size(), 1U);
}

TEST_F(Middleware, MayReplaceAnExceptionAndNotSwallowIt) {
  bool replace = false;
  app.around_enqueue([&](EnqueueCall&, const Next& next) {
    try {
      next();
    } catch (const UsageError&) {
      if (replace) throw std::out_of_range{"replaced"};
    }
  });
  const CallOptions nowhere{.queue = "a b"};
  EXPECT_THROW(pay.apply_async(nowhere, 7), UsageError);
  replace = true;
  EXPECT_THROW(pay.apply_async(nowhere, 7), std::out_of_range);
}

TEST_F(Middleware, IsRegisteredBeforeTheFirstJob) {
  EXPECT_THROW(app.around_run(nullptr), UsageError);
  app.around_run([](Job&, const Next& next) { next(); });
  pay.delay(7);
  EXPECT_THROW(app.around_enqueue([](EnqueueCall&, const Next& next) { next(); }), UsageError);
  EXPECT_THROW(app.around_run([](Job&, const Next& next) { next(); }), UsageError);
}

TEST_F(Middleware, FindsAndChangesTheTraceThatIsOpenWhereAJobIsAskedFor) {
  const auto open = TraceContext::generate(true);
  const auto span = open.child();
  bool change = false;
  app.around_enqueue([&](EnqueueCall& call, const Next& next) {
    EXPECT_EQ(call.trace, open);
    if (change) call.trace = span;
    next();
  });
  const TraceScope scope{open};
  pay.delay(1);
  change = true;
  pay.delay(2);
  const auto jobs = sent();
  ASSERT_EQ(jobs.size(), 2U);
  EXPECT_EQ(jobs[0].trace.dump(), R"({"traceparent":")" + open.traceparent() + "\"}");
  EXPECT_EQ(trace_of(jobs[1]), span);
}

TEST(TraceField, ThatIsSomethingElseIsNoTraceAndNoError) {
  Envelope job{.id = JobId::generate()};
  for (const auto* other : {R"(null)", R"("00")", R"([1])", R"({})", R"({"traceparent":1})",
                            R"({"traceparent":"00-4bf9-00f0-01","tracestate":2})"}) {
    job.trace = nlohmann::json::parse(other);
    EXPECT_FALSE(trace_of(job)) << other;
  }
}

}  // namespace
}  // namespace aftercommit
