/// What a task leaves in its session is not there for the next job.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::WorkerTest;

/// One executor, so that all jobs run in one session, one after another.
class WorkerSession : public WorkerTest {
 protected:
  /// Runs each statement as a job, all of them enqueued together; what the last one gives.
  std::string run(const std::vector<std::string>& statements) {
    std::vector<JobId> jobs;
    app.database().atomic([&] {
      for (const auto& statement : statements) jobs.push_back(tasks.run_sql.delay(++value_, statement));
    });
    if (workers.empty()) start_worker({"--concurrency", "1"});
    EXPECT_TRUE(support::eventually([&] { return effects().size() == static_cast<std::size_t>(value_); }));
    const auto said = notes(jobs.back());
    return said.empty() ? "nothing" : said.back().text;
  }

 private:
  long value_ = 0;
};

TEST_F(WorkerSession, IsTheSameForTheNextJobWhateverATaskLeftInIt) {
  EXPECT_EQ(run({"SET statement_timeout = '7min'", "SELECT current_setting('statement_timeout')"}), "0");
  EXPECT_EQ(run({"SET search_path = pg_catalog", "SELECT current_setting('search_path')"}),
            schema.name() + ",public");
  EXPECT_EQ(run({"SELECT pg_advisory_lock(7008)",
                 "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()"}),
            "0");
  const auto seen = run({"CREATE TEMP TABLE effect (id int)", "SELECT count(*) FROM effect WHERE value > 0"});
  EXPECT_EQ(seen, std::to_string(effects().size())) << "in the table that it would hide";
  EXPECT_EQ(run({"SET ROLE pg_read_all_data", "SELECT current_user = session_user"}), "t");
  EXPECT_EQ(run({"DISCARD PLANS", "DEALLOCATE ALL", "SELECT 1"}), "1");
}

TEST_F(WorkerSession, WhosePlansAFunctionHasDroppedUnseenMakesThemAnew) {
  app.database().exec(
      "CREATE FUNCTION drop_plans() RETURNS int LANGUAGE plpgsql AS $$ BEGIN EXECUTE 'DEALLOCATE ALL'; "
      "RETURN 1; END $$");
  const std::string drop = "SELECT drop_plans()";
  EXPECT_EQ(run({"SELECT 1", drop, drop, "SELECT 2", drop}), "1");
}

class WorkerSessionElsewhere : private support::OnPrivatePostgres, public WorkerSession {
 protected:
  WorkerSessionElsewhere() { server.set("synchronous_commit", "off"); }
};

TEST_F(WorkerSessionElsewhere, KeepsTheSettingsOfAWorkersSession) {
  const std::string durability = "SELECT current_setting('synchronous_commit')";
  EXPECT_EQ(run({durability}), "on");
  EXPECT_EQ(run({"RESET ALL", durability}), "on");
}

}  // namespace
}  // namespace aftercommit
