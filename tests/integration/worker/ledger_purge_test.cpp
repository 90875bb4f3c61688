// The ledger keeps what it is told to keep, and no more.
#include <gtest/gtest.h>

#include <csignal>
#include <pqxx/pqxx>

#include "client/job_table/ledger.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

using std::chrono::hours;
using support::eventually;

class LedgerPurge : public support::WorkerTest {
 protected:
  void add(long jobs, const std::string& age) {
    app.database().exec("INSERT INTO " + schema.name() +
                        ".ledger(id, done_at) SELECT gen_random_uuid(), now() - interval '" + age +
                        "' FROM generate_series(1, " + std::to_string(jobs) + ")");
  }
  long entries(const std::string& where = "true") {
    return app.database()
        .exec("SELECT count(*) FROM " + schema.name() + ".ledger WHERE " + where)[0][0]
        .as<long>();
  }
};

TEST_F(LedgerPurge, ForgetsTheOldestAThousandAtATimeUntilNoneIsOlder) {
  add(1500, "8 days");
  add(10, "20 days");
  add(20, "6 days 23 hours");
  EXPECT_EQ(detail::purge_ledger(app.database(), hours{7 * 24}), 1000u);
  EXPECT_EQ(entries("done_at < now() - interval '19 days'"), 0) << "the oldest first";
  EXPECT_EQ(detail::purge_ledger(app.database(), hours{7 * 24}), 510u);
  EXPECT_EQ(detail::purge_ledger(app.database(), hours{7 * 24}), 0u);
  EXPECT_EQ(entries(), 20);
}

TEST_F(LedgerPurge, WaitsForNoEntryThatAnotherHolds) {
  add(3, "8 days");
  pqxx::connection connection{database_url};
  pqxx::work holder{connection};
  holder.exec("SELECT FROM " + schema.name() + ".ledger LIMIT 1 FOR UPDATE");
  EXPECT_EQ(detail::purge_ledger(app.database(), hours{7 * 24}), 2u);
  holder.abort();
  EXPECT_EQ(detail::purge_ledger(app.database(), hours{7 * 24}), 1u);
}

TEST_F(LedgerPurge, IsDoneByEachWorkerAsItsOptionSays) {
  add(2500, "25 hours");
  add(10, "23 hours");
  start_worker({"--keep-ledger", "1"});
  EXPECT_TRUE(eventually([&] { return entries() == 10; }));
}

TEST_F(LedgerPurge, LeavesAWeekByDefault) {
  add(10, "6 days 23 hours");
  add(5, "7 days 1 hour");
  start_worker();
  EXPECT_TRUE(eventually([&] { return entries() == 10; }));
}

TEST_F(LedgerPurge, ThatFailsSaysWhyAndEndsNothing) {
  app.database().exec("ALTER TABLE " + schema.name() + ".ledger RENAME COLUMN done_at TO gone");
  auto& worker = start_worker();
  EXPECT_TRUE(worker.says("the ledger cannot be purged; trying again each minute"));
  EXPECT_TRUE(worker.says("done_at"));
  tasks.insert.delay(1);
  EXPECT_TRUE(eventually_effects({1}));
}

}  // namespace
}  // namespace aftercommit
