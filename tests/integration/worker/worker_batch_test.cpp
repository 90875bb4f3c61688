/// Jobs that run together in one transaction: each takes effect once, and a bad one fails alone.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::AnyOf;
using ::testing::ElementsAre;

constexpr long kInAll = 11;  // the first runs alone, while it is not known yet that there are more

class WorkerBatch : public support::WorkerTest {
 protected:
  JobId ask(long value, const std::string& how = "", const CallOptions& options = {}) {
    return tasks.together.apply_async(options, value, how, lock_key);
  }
  /// All at once; the sixth is `how`.
  std::vector<JobId> ask_for_all(const std::string& how = "", const CallOptions& options = {}) {
    std::vector<JobId> ids;
    app.database().atomic([&] {
      for (long value = 1; value <= kInAll; ++value)
        ids.push_back(ask(value, value == 6 ? how : "", options));
    });
    return ids;
  }
  /// One thread, which finds so many jobs in Redis.
  support::WorkerProcess& start(std::size_t ready, Start start = {}) {
    EXPECT_TRUE(eventually([&] { return std::cmp_equal(broker->counts("default").ready, ready); }));
    start.options.insert(start.options.end(), {"--concurrency", "1"});
    return start_worker(std::move(start));
  }
  static std::vector<long> all_but(std::vector<long> values) {
    std::vector<long> rest;
    for (long value = 1; value <= kInAll; ++value) {
      if (std::ranges::find(values, value) == values.end()) rest.push_back(value);
    }
    return rest;
  }
  std::vector<std::string> runs_of(const JobId& job) {
    std::vector<std::string> texts;
    for (const auto& note : notes(job)) texts.push_back(note.text);
    return texts;
  }
  long transactions() {
    return app.database().exec("SELECT count(DISTINCT xmin::text) FROM effect")[0][0].as<long>();
  }
  std::string sql(const std::string& text) const { return detail::in_schema(text, schema.name()); }
};

class WorkerBatchOf : public WorkerBatch, public ::testing::WithParamInterface<Delivery> {};

TEST_P(WorkerBatchOf, JobsThatWaitRunInOneTransactionEachWithItsArguments) {  // P7
  const auto ids = ask_for_all("", {.delivery = GetParam()});
  start(kInAll);
  EXPECT_TRUE(eventually_effects(all_but({})));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(runs_of(ids[0]), std::vector<std::string>{"of 1"}) << "it waits for no other";
  for (std::size_t i = 1; i < ids.size(); ++i) EXPECT_EQ(runs_of(ids[i]), std::vector<std::string>{"of 10"});
  EXPECT_EQ(transactions(), 2);
  for (const auto& row : app.database().exec("SELECT job_id, value FROM effect"))
    EXPECT_EQ(row[0].as<std::string>(), ids.at(row[1].as<std::size_t>() - 1).str());
  EXPECT_TRUE(app.database().exec(sql("SELECT FROM {schema}.job")).empty());
  EXPECT_EQ(app.database().exec(sql("SELECT FROM {schema}.ledger")).size(),
            GetParam() == Delivery::kDurable ? 0U : ids.size());
}

INSTANTIATE_TEST_SUITE_P(Deliveries, WorkerBatchOf,
                         ::testing::Values(Delivery::kDurable, Delivery::kOnCommit), [](const auto& test) {
                           return std::string{test.param == Delivery::kDurable ? "Durable" : "OnCommit"};
                         });

TEST_F(WorkerBatch, ThatFailsRunsOneByOneSoThatOneBadJobFailsAlone) {
  const auto ids = ask_for_all("throws");
  auto& worker = start(kInAll);
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, ids[5]);
  EXPECT_EQ(letter.job->attempt, 1) << "what the batch did counts nothing";
  EXPECT_EQ(letter.job->errors.size(), 1U);
  EXPECT_TRUE(eventually_effects(all_but({6})));
  EXPECT_TRUE(eventually_empty());
  for (const auto& id : ids)
    EXPECT_EQ(runs_of(id),
              (id == ids[0] ? std::vector<std::string>{"of 1"} : std::vector<std::string>{"of 10", "of 1"}));
  EXPECT_EQ(transactions(), kInAll - 1);
  EXPECT_EQ(worker.times_said("a batch failed, which uses up no retry"), 1);
}

TEST_F(WorkerBatch, ThatFailedIsNotMadeAnewOfJobsThatWaitLongForTheirTurn) {
  std::vector<JobId> ids;
  app.database().atomic([&] {
    for (const auto* const how : {"", "takes its time", "takes its time", "takes its time", "throws"})
      ids.push_back(ask(std::ssize(ids) + 1, how));
  });
  start(ids.size());
  EXPECT_EQ(eventually_dead(1).at(0).job.value().id, ids[4]);
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4}));
  for (std::size_t i = 1; i < ids.size(); ++i)
    EXPECT_THAT(runs_of(ids[i]), ElementsAre(AnyOf("of 4", "of 5"), "of 1"));  // with or without the first
}

TEST_F(WorkerBatch, CannotTellItsProgressAndItsJobsAloneCan) {
  const auto ids = ask_for_all("tells progress");
  auto& worker = start(kInAll);
  EXPECT_TRUE(eventually_effects(all_but({})));
  EXPECT_TRUE(worker.says("a batch cannot tell its progress"));
  EXPECT_THAT(runs_of(ids[5]), ElementsAre("of 10", "of 1"));
}

TEST_F(WorkerBatch, IsNoLargerThanItsTaskSays) {
  std::vector<long> expected(35);
  std::iota(expected.begin(), expected.end(), 1);
  app.database().atomic([&] {
    for (const long value : expected) ask(value);
  });
  start(expected.size());
  EXPECT_TRUE(eventually_effects(expected));
  std::map<std::string, std::size_t> sizes;
  for (const auto& note : notes()) ++sizes[note.text];
  EXPECT_GE(sizes["of 10"], 10U);
  for (const auto& [text, jobs] : sizes) EXPECT_LE(std::stoi(text.substr(3)), 10) << text;
}

TEST_F(WorkerBatch, HasEachJobOnceHoweverOftenItIsDelivered) {  // P7
  const auto ids = ask_for_all();
  ASSERT_TRUE(eventually([&] { return std::cmp_equal(broker->counts("default").ready, kInAll); }));
  for (int times = 0; times < 2; ++times) {
    for (const auto& id : ids) {
      for (int copy = 0; copy < 2; ++copy) enqueue_raw(table.find(id).value().envelope);  // in one batch
    }
  }
  start(5 * kInAll);
  start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), all_but({}));
}

TEST_F(WorkerBatch, LeavesOutWhatHasToBeAskedOfOneJobAlone) {
  std::vector<JobId> ids;
  app.database().atomic([&] {
    for (long value = 1; value <= 5; ++value) ids.push_back(ask(value));
    ids.push_back(ask(6, "", {.time_limit = 1min}));
    ids.push_back(ask(7, "", {.unique = Unique{}}));
  });
  start(7);
  EXPECT_TRUE(eventually_effects({1, 2, 3, 4, 5, 6, 7}));
  for (std::size_t i = 1; i < 5; ++i) EXPECT_EQ(runs_of(ids[i]), std::vector<std::string>{"of 4"});
  EXPECT_EQ(runs_of(ids[5]), std::vector<std::string>{"of 1"});
  EXPECT_EQ(runs_of(ids[6]), std::vector<std::string>{"of 1"});
}

TEST_F(WorkerBatch, IsOfOneTenantWhereMiddlewareSeesToTheTenant) {
  std::vector<JobId> ids;
  app.database().atomic([&] {
    for (long value = 1; value <= kInAll; ++value)
      ids.push_back(ask(value, "", {.headers = {{"tenant", value % 2 == 1 ? "blue" : "red"}}}));
  });
  start(kInAll, Start{.environment = {{"TEST_TASKS_TENANTS", "1"}}});
  EXPECT_TRUE(eventually_effects(all_but({})));
  for (std::size_t i = 1; i < ids.size(); ++i)
    EXPECT_EQ(runs_of(ids[i]), std::vector<std::string>{i % 2 == 0 ? "of 5 for blue" : "of 5 for red"});
}

TEST_F(WorkerBatch, EndsForACancelOfOneJobAndTheOthersTakeEffect) {
  support::HeldLock lock{database_url, lock_key};
  const auto ids = ask_for_all("waits");
  auto& worker = start(kInAll);
  ASSERT_TRUE(eventually([&] { return runs_of(ids[5]).size() == 1; }));
  EXPECT_EQ(app.cancel(ids[7]), Cancelled::kRunning);
  EXPECT_TRUE(worker.says("a batch failed, which uses up no retry"));
  lock.release();
  EXPECT_TRUE(eventually_effects(all_but({8})));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(runs_of(ids[7]).size(), 1U) << "in the batch";
}

TEST_F(WorkerBatch, ThatBringsDownItsProcessRunsOneByOneAndTheBadJobAloneDies) {  // P5, P7
  const auto ids = ask_for_all("aborts");
  const char* const none = "handle_segv=0:handle_abort=0:handle_sigbus=0:use_sigaltstack=0";
  start(kInAll, Start{.options = {"--lease", "3600"},
                      .environment = {{"ASAN_OPTIONS", none}, {"TSAN_OPTIONS", none}}});
  const auto letter = eventually_dead(1).at(0);
  ASSERT_TRUE(letter.job);
  EXPECT_EQ(letter.job->id, ids[5]);
  EXPECT_EQ(letter.cause, DeadLetter::Cause::kCrashed);
  EXPECT_TRUE(eventually_effects(all_but({6})));
  EXPECT_TRUE(eventually_empty());
  EXPECT_THAT(runs_of(ids[5]), ElementsAre("of 10", "of 1", "of 1"));
  EXPECT_THAT(runs_of(ids[6]), ElementsAre("of 10", "of 1"));
}

}  // namespace
}  // namespace aftercommit
