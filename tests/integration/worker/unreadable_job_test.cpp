// A copy of a durable job that one worker cannot read: it does not part from its row.
#include <gtest/gtest.h>

#include <set>
#include <string>

#include "client/statements/sql_template.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using support::eventually;

class UnreadableJob : public support::WorkerTest {
 protected:
  std::size_t rows() {
    std::size_t count = 0;
    table.for_each([&](const detail::JobRow&) { ++count; });
    return count;
  }
  std::size_t dead_rows() { return table.dead("", 10).size(); }
  std::set<JobId> known_to_redis() {
    std::set<JobId> ids;
    broker->for_each_durable("default", [&](const JobId& id) { ids.insert(id); });
    return ids;
  }
  void set_envelope(const JobId& job, const std::string& envelope) {
    app.database().exec(
        detail::in_schema("UPDATE {schema}.job SET envelope = $2 WHERE id = $1", schema.name()), job,
        envelope);
  }
  static Envelope job_of(const std::string& task, const nlohmann::json& args) {
    return {.id = JobId::generate(),
            .task = task,
            .args = args,
            .queue = "default",
            .enqueued_at = std::chrono::system_clock::now(),
            .durable = true};
  }
  static std::string of_later_version(std::string text) {
    return text.replace(text.find("\"v\":1"), 5, "\"v\":2");
  }
  /// A row that nothing has brought to Redis yet.
  void insert_row(const JobId& job, const std::string& envelope) {
    app.database().exec(
        detail::in_schema("INSERT INTO {schema}.job (id, queue, envelope) VALUES ($1, 'default', $2)",
                          schema.name()),
        job, envelope);
  }
  support::WorkerProcess& start_small_worker(std::vector<std::string> options = {}) {
    return start_worker(
        Start{.options = std::move(options), .environment = {{"TEST_TASKS_PAYLOAD_LIMIT", "1000"}}});
  }
};

TEST_F(UnreadableJob, OverTheLimitOfOneWorkerWaitsForAnother) {  // P6
  auto& small = start_small_worker();
  const auto job = tasks.two.delay(1, std::string(2000, 'x'));
  ASSERT_TRUE(small.says("only another worker can read it"));
  EXPECT_EQ(rows(), 1U);
  EXPECT_EQ(known_to_redis(), std::set{job});
  EXPECT_EQ(broker->counts("default").dead, 0);
  start_worker();
  EXPECT_TRUE(eventually_effects({1}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(rows(), 0U);
  EXPECT_EQ(dead_rows(), 0U);
}

TEST_F(UnreadableJob, ThatNobodyReadsIsBuriedWithItsRowAndMayRunLater) {  // P6, P9
  {
    start_small_worker({"--unknown-task-grace", "0"});
    const auto job = tasks.two.delay(1, std::string(2000, 'x'));
    ASSERT_TRUE(eventually([&] { return dead_rows() == 1; }));
    ASSERT_TRUE(eventually([&] { return known_to_redis().empty(); }));
    EXPECT_EQ(rows(), 0U);
    EXPECT_EQ(broker->counts("default").dead, 0) << "the letter is kept where the row was";
    EXPECT_TRUE(eventually_empty());
    const auto letter = std::get<DeadLetter>(decode_dead_letter(table.find_dead(job).value().letter));
    EXPECT_EQ(letter.cause, DeadLetter::Cause::kMalformed);
    EXPECT_NE(letter.reason.find("over the limit of 1000"), std::string::npos) << letter.reason;
    workers.clear();
    EXPECT_TRUE(table.revive(job));
  }
  start_worker();
  EXPECT_TRUE(eventually_effects({1}));
}

TEST_F(UnreadableJob, OfALaterVersionIsBroughtByTheRelayAndWaits) {  // P6
  auto& worker = start_worker();
  const auto job = job_of("insert", {7});
  insert_row(job.id, of_later_version(encode(job)));
  EXPECT_TRUE(worker.says("only another worker can read it"));
  EXPECT_EQ(rows(), 1U);
  EXPECT_EQ(dead_rows(), 0U);
  EXPECT_EQ(broker->counts("default").dead, 0);
  set_envelope(job.id, encode(job));  // as when it can be read after all
  EXPECT_TRUE(eventually_effects({7}));
  EXPECT_TRUE(eventually_empty());
}

TEST_F(UnreadableJob, WhoseCopyAloneIsBrokenRunsAsItsRowSays) {  // P6
  start_worker({"--no-relay"});
  const auto job = job_of("insert", {5});
  const auto text = encode(job);
  insert_row(job.id, text);
  enqueue_raw(text.substr(0, text.find("\"queue\"")));
  EXPECT_TRUE(eventually_effects({5}));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(rows(), 0U);
  EXPECT_EQ(broker->counts("default").dead, 0);
}

TEST_F(UnreadableJob, ThatIsBrokenInBothPlacesIsBuriedInBoth) {  // P9
  const auto job = job_of("insert", {5});
  auto text = encode(job);
  text.replace(text.find("\"args\":[5]"), 10, "\"args\":{}");
  insert_row(job.id, text);
  start_worker({"--no-relay"});
  enqueue_raw(text);
  EXPECT_TRUE(eventually([&] { return dead_rows() == 1; }));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(rows(), 0U);
  EXPECT_EQ(broker->counts("default").dead, 0);
  EXPECT_TRUE(effects().empty());
}

TEST_F(UnreadableJob, WithoutARowIsADeadLetterInRedisIfItIsBrokenAndSkippedElse) {  // P9
  const auto text = encode(job_of("insert", {5}));
  auto& worker = start_worker({"--no-relay"});
  enqueue_raw(of_later_version(text));
  EXPECT_TRUE(worker.says("job skipped"));
  enqueue_raw(text.substr(0, text.size() / 2));
  EXPECT_TRUE(eventually([&] { return broker->counts("default").dead == 1; }));
  EXPECT_TRUE(eventually_empty());
  EXPECT_EQ(dead_rows(), 0U);
}

}  // namespace
}  // namespace aftercommit
