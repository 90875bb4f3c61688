/// Durable jobs and real workers: each takes effect once, and its row is there until it has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "client/app/worker_backends.hpp"
#include "client/job_table/claim_forms.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/session.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using support::HeldLock;
using support::WorkerTest;
using ::testing::HasSubstr;

class DurableWorker : public WorkerTest {
 protected:
  std::size_t rows() {
    std::size_t count = 0;
    table.for_each([&](const detail::JobRow&) { ++count; });
    return count;
  }
  std::string envelope_of(const JobId& job) { return table.find(job).value().envelope; }
  std::set<JobId> known_to_redis() {
    std::set<JobId> ids;
    broker->for_each_durable("default", [&](const JobId& id) { ids.insert(id); });
    return ids;
  }
  std::string sql(const std::string& text) const { return detail::in_schema(text, schema.name()); }
};

TEST_F(DurableWorker, LeavesNothingOfAJobThatIsDone) {  // P6
  std::vector<long> expected;
  for (long i = 1; i <= 20; ++i) {
    tasks.insert.delay(i);
    expected.push_back(i);
  }
  EXPECT_EQ(rows(), 20U);
  EXPECT_TRUE(eventually([&] { return known_to_redis().size() == 20; }));
  start_worker();
  EXPECT_TRUE(eventually_effects(expected));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(rows(), 0U);
  EXPECT_TRUE(known_to_redis().empty());
}

TEST_F(DurableWorker, RunsAJobOnceHoweverOftenItIsDelivered) {  // P7
  const auto job = tasks.insert.delay(1);
  for (int i = 0; i < 10; ++i) enqueue_raw(envelope_of(job));
  start_worker();
  start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), std::vector<long>{1});
}

TEST_F(DurableWorker, RunsAnOnCommitJobOnceHoweverOftenItIsDelivered) {  // P7
  const Envelope job{.id = JobId::generate(),
                     .task = "insert",
                     .args = nlohmann::json::array({1}),
                     .queue = "default",
                     .enqueued_at = std::chrono::system_clock::now()};
  for (int i = 0; i < 10; ++i) enqueue_raw(encode(job));
  start_worker();
  start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), std::vector<long>{1});
  EXPECT_EQ(app.database().exec(sql("SELECT FROM {schema}.ledger")).size(), 1U);
}

TEST_F(DurableWorker, DoesNotRunAJobWhoseRowIsGone) {  // P7
  const auto job = tasks.insert.delay(1);
  app.database().exec(sql("DELETE FROM {schema}.job"));
  auto& worker = start_worker();
  EXPECT_TRUE(eventually_empty());
  EXPECT_TRUE(worker.says("job skipped"));
  EXPECT_EQ(starts(job), 0U);
}

TEST_F(DurableWorker, PutsOffAJobThatAnotherTransactionHas) {  // P7
  HeldLock lock{database_url, lock_key};
  const auto job = tasks.wait_for_lock.delay(1, lock_key);
  auto& worker = start_worker();
  EXPECT_TRUE(eventually([&] { return starts(job) == 1; }));
  enqueue_raw(envelope_of(job));
  EXPECT_TRUE(worker.says("another transaction has it right now"));
  lock.release();
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(effects(), std::vector<long>{1});
  EXPECT_EQ(starts(job), 1U);
}

TEST_F(DurableWorker, IsKnownByTheJobThatItsTransactionHas) {  // P5
  Database frozen{{.url = database_url, .schema = schema.name(), .application_name = "ac:frozen"}, "frozen"};
  const auto durable = tasks.insert.delay(1);
  for (const bool has_row : {true, false}) {
    const Envelope job{.id = has_row ? durable : JobId::generate(), .durable = has_row};
    EXPECT_FALSE(detail::holder_of(app.database(), job.id));
    detail::AnyClaim claim{job, &frozen};
    const Atomic block{frozen, claim->begin()};
    EXPECT_TRUE(claim->is_ours());
    const auto holder = detail::holder_of(app.database(), job.id);
    ASSERT_TRUE(holder);
    EXPECT_EQ(holder->worker, "frozen");
    EXPECT_LT(holder->silent, 10s);
    EXPECT_EQ(detail::end_backends(app.database(), "frozen"), 1U);
  }
}

TEST_F(DurableWorker, KeepsTheAttemptsOfAJobInItsRow) {  // P6
  const auto job = tasks.retry.delay(1, 3'600'000L);
  start_worker();
  EXPECT_TRUE(eventually([&] { return table.find(job)->attempt == 2; }));
  const auto row = table.find(job).value();
  EXPECT_GT(row.due_in, 50min);
  const auto kept = std::get<Envelope>(decode(row.envelope, defaults::kPayloadLimit));
  EXPECT_EQ(kept.attempt, 2);
  EXPECT_EQ(kept.errors.size(), 1U);
}

TEST_F(DurableWorker, TakesTheRowForTrueWhereACopyIsOlder) {
  const auto job = tasks.retry.delay(1, 3'600'000L);
  const auto first = envelope_of(job);
  start_worker();
  EXPECT_TRUE(eventually([&] { return table.find(job)->attempt == 2; }));
  enqueue_raw(first);
  EXPECT_TRUE(eventually([&] {
    const auto counts = broker->counts("default");
    return counts.ready + counts.running == 0 && counts.delayed == 1;
  }));
  EXPECT_EQ(starts(job), 1U);
}

TEST_F(DurableWorker, KeepsADeadJobInPostgresAlone) {
  const auto job = tasks.fail.delay(1, "no");
  start_worker();
  const auto letter = eventually_dead(1).at(0);
  EXPECT_EQ(letter.job->id, job);
  EXPECT_EQ(letter.job->errors.size(), 3U);
  EXPECT_EQ(rows(), 0U);
  EXPECT_EQ(broker->counts("default").dead, 0);
  EXPECT_TRUE(eventually([&] { return known_to_redis().empty(); }));
}

TEST_F(DurableWorker, BuriesAJobWhoseTaskCommitsByItself) {  // P7
  const auto job = tasks.break_out.apply_async({.max_retries = 5}, 1, "COMMIT; BEGIN;");
  start_worker();
  const auto letter = eventually_dead(1).at(0);
  EXPECT_THAT(letter.reason, HasSubstr("has ended the transaction that its job runs in by itself"));
  EXPECT_EQ(starts(job), 1U);
  EXPECT_EQ(effects(), std::vector<long>{1}) << "what it committed stands, what came after does not";
  EXPECT_EQ(rows(), 0U);
}

TEST_F(DurableWorker, BuriesAJobWhoseTaskRollsBackByItself) {  // P7
  const auto job = tasks.break_out.apply_async({.max_retries = 5}, 1, "ROLLBACK; BEGIN;");
  start_worker();
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("by itself"));
  EXPECT_EQ(starts(job), 1U);
  EXPECT_TRUE(effects().empty());
  EXPECT_EQ(rows(), 0U);
}

TEST_F(DurableWorker, BuriesAnOnCommitJobWhoseTaskCommitsByItself) {  // P7
  const auto job =
      tasks.break_out.apply_async({.max_retries = 5, .delivery = Delivery::kOnCommit}, 1, "COMMIT; BEGIN;");
  start_worker();
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("by itself"));
  EXPECT_EQ(starts(job), 1U);
  EXPECT_EQ(effects(), std::vector<long>{1});
}

TEST_F(DurableWorker, FailsAJobWhoseTaskPreparesItsTransaction) {  // P7
  const auto job = tasks.break_out.delay(1, "PREPARE TRANSACTION 'mine'; BEGIN;");
  start_worker();
  EXPECT_THAT(eventually_dead(1).at(0).reason, HasSubstr("prepared transactions are disabled"));
  EXPECT_EQ(starts(job), 1U);
  EXPECT_TRUE(effects().empty());
}

TEST_F(DurableWorker, CommitsDurablyWhateverTheDefaultOfTheServer) {  // P6
  app.database().exec(
      "CREATE FUNCTION say() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
      "INSERT INTO journal(note) VALUES (current_setting('synchronous_commit')); RETURN NULL; END $$");
  app.database().exec(
      "CREATE CONSTRAINT TRIGGER say AFTER INSERT ON effect DEFERRABLE INITIALLY DEFERRED "
      "FOR EACH ROW EXECUTE FUNCTION say()");
  auto careless = database_url;
  careless.replace(careless.find("options="), 8, "options=-csynchronous_commit%3Doff%20");
  start_worker({"--database", careless});
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_EQ(app.database().exec("SELECT note FROM journal WHERE job_id IS NULL")[0][0].as<std::string>(),
            "on");
}

TEST_F(DurableWorker, BringsJobsThatRedisHasLost) {  // P6
  for (long i = 1; i <= 3; ++i) tasks.insert.delay(i);
  ASSERT_TRUE(eventually([&] { return broker->counts("default").ready == 3; }));
  const auto jobs = broker->fetch("a thief", std::vector<Queue>{"default"}, 10, 0ms);
  for (const auto& job : jobs) {
    const Settlement stolen{.kind = Settlement::Kind::kAck,
                            .queue = job.queue,
                            .entry = job.entry,
                            .durable = std::get<Envelope>(decode(job.payload, 1000)).id};
    broker->settle("a thief", {&stolen, 1});
  }
  EXPECT_EQ(broker->counts("default").ready, 0);
  start_worker();
  EXPECT_TRUE(eventually_effects({1, 2, 3}));
}

TEST_F(DurableWorker, RunsJobsThatWereEnqueuedBySql) {
  start_worker();
  app.database().exec(sql("SELECT {schema}.enqueue('insert', '[7]')"));
  EXPECT_TRUE(eventually_effects({7}));
}

TEST_F(DurableWorker, RelayOnlyRunsNoJobs) {
  app.database().exec(sql("SELECT {schema}.enqueue('insert', '[7]')"));
  start_worker({"--relay-only"});
  EXPECT_TRUE(eventually([&] { return broker->counts("default").ready == 1; }));
  EXPECT_EQ(starts(), 0U);
}

TEST_F(DurableWorker, WithoutARelayBringsNone) {
  app.database().exec(sql("SELECT {schema}.enqueue('insert', '[7]')"));
  start_worker({"--no-relay"});
  tasks.insert.delay(8);
  EXPECT_TRUE(eventually_effects({8}));
  EXPECT_EQ(rows(), 1U);
}

TEST_F(DurableWorker, RunsATaskWithoutATransactionAndRemovesItsRow) {
  const auto job = tasks.without_transaction.delay(1);
  start_worker();
  EXPECT_TRUE(eventually([&] { return !table.find(job); }));
  EXPECT_TRUE(eventually_empty());
}

}  // namespace
}  // namespace aftercommit
