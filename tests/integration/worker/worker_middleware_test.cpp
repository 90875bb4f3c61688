/// What travels with a job beside its arguments, from who asks for it to its last attempt, and what an
/// application wraps around the runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/envelope/trace_field.hpp"
#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

class WorkerMiddleware : public support::WorkerTest {
 protected:
  WorkerMiddleware() { app.database().exec("INSERT INTO orders VALUES (10), (11)"); }

  support::WorkerProcess& start() {
    return start_worker(Start{.environment = {{"TEST_TASKS_TENANTS", "1"}}});
  }
  /// What the attempts of a job have noted of this.
  std::vector<std::string> noted(const JobId& job, std::string_view subject) {
    std::vector<std::string> found;
    for (const auto& note : notes(job)) {
      if (note.text.starts_with(subject)) found.push_back(note.text);
    }
    return found;
  }
  /// One of the log about a job; "none" where it names no trace.
  struct Line {
    std::string message;
    std::string trace_id;
  };
  std::vector<Line> lines(const support::WorkerProcess& worker, const JobId& job) {
    std::vector<Line> found;
    for (const auto& event : worker.events()) {
      if (event.value("job_id", "") == job.str())
        found.push_back({event.value("message", ""), event.value("trace_id", "none")});
    }
    return found;
  }

  const TraceContext asked = TraceContext::generate(true);
};

TEST_F(WorkerMiddleware, FindsHeadersAndTraceInEachAttemptAndInTheLetterAndWhenItRunsAgain) {
  const Headers headers{{"locale", "de"}, {"tenant", "blue"}};
  const auto [durable, on_commit] = [&] {
    const TraceScope scope{asked};
    return std::pair{tasks.carry.apply_async({.headers = headers}, 1, 0),
                     tasks.carry.apply_async({.delivery = Delivery::kOnCommit, .headers = headers}, 2, 0)};
  }();
  start();
  for (const auto& letter : eventually_dead(2)) {
    ASSERT_TRUE(letter.job);
    EXPECT_EQ(letter.job->headers, headers);
    EXPECT_EQ(trace_of(*letter.job), asked);
  }
  app.database().exec("INSERT INTO orders VALUES (1)");
  ASSERT_TRUE(table.revive(durable));
  ASSERT_TRUE(eventually_effects({1}));
  EXPECT_EQ(noted(durable, "headers "), std::vector<std::string>(3, "headers locale=de tenant=blue"));
  EXPECT_EQ(noted(durable, "trace "), std::vector<std::string>(3, "trace " + asked.traceparent()));
  EXPECT_EQ(noted(durable, "tenant "), std::vector<std::string>(3, "tenant blue"))
      << "within the transaction";
  EXPECT_EQ(noted(on_commit, "headers "), std::vector<std::string>(2, "headers locale=de tenant=blue"));
  EXPECT_THAT(noted(on_commit, "tenant "), Each("tenant blue"));
}

TEST_F(WorkerMiddleware, CarriesTheTraceOfARequestIntoTheLogAndIntoTheJobsOfItsJobs) {
  const auto parent = [&] {
    const TraceScope scope{asked};
    return tasks.carry.delay(10, 1);
  }();
  auto& worker = start();
  ASSERT_TRUE(eventually_effects({10, 11}));
  const auto of_child = notes();
  const auto child_note =
      std::ranges::find_if(of_child, [&](const auto& note) { return note.job_id != parent.str(); });
  ASSERT_NE(child_note, of_child.end());
  const auto child = *JobId::parse(child_note->job_id);

  const auto carried = noted(child, "trace ");
  ASSERT_EQ(carried.size(), 1U);
  const auto span = TraceContext::parse(carried[0].substr(std::string_view{"trace "}.size()));
  ASSERT_TRUE(span);
  EXPECT_EQ(span->trace_id(), asked.trace_id());
  EXPECT_NE(span->span_id(), asked.span_id()) << "it is the span of the parent's run";

  for (const auto& job : {parent, child}) {
    ASSERT_TRUE(support::eventually([&] {
      return std::ranges::count(lines(worker, job), "job done", &Line::message) == 1;
    })) << worker.log();
    std::vector<std::string> said;
    for (const auto& line : lines(worker, job)) {
      said.push_back(line.message);
      EXPECT_EQ(line.trace_id, asked.trace_id()) << line.message;
    }
    EXPECT_THAT(said, ::testing::IsSupersetOf({"job started", "a line of the task", "job done"}));
  }
}

TEST_F(WorkerMiddleware, NamesNoTraceInTheLinesOfAJobWithoutOne) {
  const auto traced = [&] {
    const TraceScope scope{asked};
    return tasks.carry.delay(10, 0);
  }();
  const auto plain = tasks.carry.delay(11, 0);
  auto& worker = start_worker({"--concurrency", "1"});  // one thread, for both
  ASSERT_TRUE(eventually_effects({10, 11}));
  ASSERT_TRUE(support::eventually([&] { return worker.count("job done") == 2; }));
  EXPECT_EQ(noted(plain, "headers "), (std::vector<std::string>{"headers "}));
  EXPECT_EQ(noted(plain, "trace "), (std::vector<std::string>{"trace none"}));
  for (const auto& line : lines(worker, plain)) EXPECT_EQ(line.trace_id, "none") << line.message;
  for (const auto& line : lines(worker, traced)) EXPECT_EQ(line.trace_id, asked.trace_id()) << line.message;
}

TEST_F(WorkerMiddleware, FindsWhatSqlHasSaid) {
  const auto rows = app.database().exec(
      detail::in_schema("SELECT {schema}.enqueue('carry', '[10, 0]', headers => '{\"tenant\": \"red\"}', "
                        "traceparent => $1)",
                        schema.name()),
      asked.traceparent());
  const auto id = *JobId::parse(rows[0][0].as<std::string>());
  start();
  ASSERT_TRUE(eventually_effects({10}));
  EXPECT_THAT(noted(id, "headers "), ElementsAre("headers tenant=red"));
  EXPECT_THAT(noted(id, "tenant "), ElementsAre("tenant red"));
  EXPECT_THAT(noted(id, "trace "), ElementsAre("trace " + asked.traceparent()));
}

}  // namespace
}  // namespace aftercommit
