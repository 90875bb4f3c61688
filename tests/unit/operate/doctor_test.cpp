/// What the doctor makes of reports: what endangers a promise, and what to do about it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "client/postgres/worker_connections.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

/// Collects what one subject finds.
struct Visit {
  Examination examination{};
  Notes notes{examination, "here"};

  /// "danger fsync", in their order.
  std::vector<std::string> found() const {
    std::vector<std::string> all;
    for (const auto& one : examination.diagnoses)
      all.push_back(std::string{word(one.severity)} + " " + one.what);
    return all;
  }
};

PostgresReport good_postgres() {
  PostgresReport report;
  report.settings = {{"fsync", "on"},
                     {"full_page_writes", "on"},
                     {"synchronous_commit", "on"},
                     {"autovacuum", "on"},
                     {"track_counts", "on"},
                     {"max_connections", "100"},
                     {"server_version", "15.6"},
                     {"server_version_num", "150006"},
                     {"data_checksums", "on"}};
  report.sees_others = true;
  report.schema_version = report.newest_version = 8;
  report.sessions = PostgresReport::Sessions{.clients = 20, .workers = 10};
  return report;
}

void look_at_all_of(const PostgresReport& postgres, Visit& visit) {
  look_at_postgres_server(postgres, visit.notes);
  look_at_durability(postgres, visit.notes);
  look_at_timeouts(postgres, visit.notes);
  look_at_pooler(postgres, visit.notes);
  look_at_connections(postgres, {.has_database = true}, visit.notes);
  look_at_schema(postgres, visit.notes);
  look_at_postgres_rights(postgres, visit.notes);
  look_at_vacuum(postgres, visit.notes);
}

TEST(Doctor, FindsNothingWhereAllIsAsItShouldBe) {
  Visit visit;
  look_at_all_of(good_postgres(), visit);
  const ServerReport redis{
      .server = "127.0.0.1:6379",
      .state = {{"redis_version", "7.0.15"},
                {"maxmemory_policy", "noeviction"},
                {"used_memory", "1000000"},
                {"maxmemory", "1000000000"}},
      .settings = {{"appendonly", "yes"}, {"appendfsync", "everysec"}, {"timeout", "0"}}};
  look_at_redis_server(redis, visit.notes);
  look_at_redis_memory(redis, visit.notes);
  look_at_redis_persistence(redis, {.has_database = true}, visit.notes);
  look_at_redis_connections(redis, visit.notes);
  look_at_redis_rights(redis, visit.notes);
  look_at_clock(200ms, 1ms, visit.notes);
  EXPECT_THAT(visit.found(), IsEmpty());
  EXPECT_FALSE(visit.examination.endangered());
}

TEST(Doctor, TakesAServerThatMayForgetItsCommitsForADanger) {
  auto postgres = good_postgres();
  postgres.settings["fsync"] = postgres.settings["full_page_writes"] = "off";
  postgres.settings["synchronous_commit"] = "off";
  Visit visit;
  look_at_durability(postgres, visit.notes);
  EXPECT_THAT(visit.found(),
              ElementsAre("danger fsync", "danger full_page_writes", "warning synchronous_commit"));
  EXPECT_THAT(visit.examination.diagnoses.front().remedy, HasSubstr("fsync = on"));
  postgres.is_pooled = true;  // where a worker cannot set it itself
  Visit pooled;
  look_at_durability(postgres, pooled.notes);
  EXPECT_EQ(pooled.found().back(), "danger synchronous_commit");
}

TEST(Doctor, SaysThatAStandbyTakesNoWritesAndThatNobodyFollowsWhoIsWaitedFor) {
  auto postgres = good_postgres();
  postgres.is_standby = true;
  Visit standby;
  look_at_postgres_server(postgres, standby.notes);
  EXPECT_THAT(standby.found(), ElementsAre("danger hot standby"));
  postgres.is_standby = false;
  postgres.settings["synchronous_standby_names"] = "nobody";
  Visit hanging;
  look_at_durability(postgres, hanging.notes);
  EXPECT_THAT(hanging.found(), ElementsAre("danger synchronous_standby_names"));
}

TEST(Doctor, WarnsOfAUrlThatNamesSeveralHostsAndNotThatItWantsThePrimary) {
  auto postgres = good_postgres();
  postgres.may_be_a_standby = true;
  Visit visit;
  look_at_postgres_server(postgres, visit.notes);
  EXPECT_THAT(visit.found(), ElementsAre("warning target_session_attrs"));
  EXPECT_THAT(visit.examination.diagnoses.at(0).remedy, HasSubstr("target_session_attrs=read-write"));
}

TEST(Doctor, CountsTheConnectionsThatAllWorkersMayTake) {
  const auto postgres = good_postgres();
  Visit few;
  look_at_connections(postgres, {.processes = 3, .threads = 24}, few.notes);  // 75 of them, and 10 of others
  EXPECT_THAT(few.found(), IsEmpty());
  Visit many;
  look_at_connections(postgres, {.processes = 4, .threads = 32}, many.notes);
  EXPECT_THAT(many.found(), ElementsAre("warning max_connections"));
  EXPECT_THAT(many.examination.diagnoses[0].why, HasSubstr("may take 100"));
}

TEST(Doctor, ReckonsWithTheConnectionsThatTheGuideTellsOf) {
  const auto page = [](const std::string& name) {
    std::ifstream file{std::string{AFTERCOMMIT_GUIDE "/"} + name};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  const auto all = "`--concurrency` and " +
                   std::to_string(aftercommit::detail::kWorkerConnectionsBesideJobs) + " connections";
  EXPECT_THAT(page("deployment.md"), HasSubstr(all));
  EXPECT_THAT(page("sizing.md"), HasSubstr(all));
  EXPECT_THAT(page("worker.md"),
              HasSubstr("`--concurrency` and " + std::to_string(aftercommit::detail::kWorkerPoolBesideJobs) +
                        " more"));
}

TEST(Doctor, FindsWhatKeepsDeadRowsFromBeingCleared) {
  auto postgres = good_postgres();
  postgres.oldest_transaction = PostgresReport::Holder{.who = "process 42 of role ann", .age = 5h};
  postgres.oldest_prepared = PostgresReport::Holder{.who = "'move' of role ann", .age = 1h};
  postgres.slots = {{.name = "gone", .holds_rows = true},
                    {.name = "follows", .active = true, .holds_rows = true}};
  postgres.tables = {{.name = "job", .live = 10, .dead = 2'000'000, .size = 5e9, .autovacuum = false}};
  postgres.transactions_old = 1'500'000'000;
  Visit visit;
  look_at_vacuum(postgres, visit.notes);
  EXPECT_THAT(visit.found(), ElementsAre("warning oldest transaction", "warning prepared transaction",
                                         "warning replication slot gone", "warning table job",
                                         "warning table job", "warning age(datfrozenxid)"));
  EXPECT_THAT(visit.examination.diagnoses[0].why, HasSubstr("process 42 of role ann"));
}

TEST(Doctor, SaysWhatTheTablesAndTheRoleLack) {
  auto postgres = good_postgres();
  postgres.schema_version = 0;
  postgres.schema = "schema 'aftercommit'";
  postgres.migrate = "aftercommit migrate";
  postgres.role = "shop";
  postgres.missing_rights = {{.object = "table job", .missing = "DELETE"},
                             {.object = "table rate", .missing = "INSERT", .needed = false}};
  Visit visit;
  look_at_schema(postgres, visit.notes);
  look_at_postgres_rights(postgres, visit.notes);
  EXPECT_THAT(visit.found(),
              ElementsAre("danger schema 'aftercommit'", "danger table job", "note table rate"));
  EXPECT_EQ(visit.examination.diagnoses[0].remedy, "Run aftercommit migrate.");
}

TEST(Doctor, KnowsAPoolerByItsMode) {
  auto postgres = good_postgres();
  postgres.is_pooled = true;
  Visit transactions;
  look_at_pooler(postgres, transactions.notes);
  EXPECT_THAT(transactions.found(), ElementsAre("note pooler"));
  postgres.pools_statements = true;
  Visit statements;
  look_at_pooler(postgres, statements.notes);
  EXPECT_THAT(statements.found(), ElementsAre("danger pooler"));
}

TEST(Doctor, TakesARedisThatDeletesJobsForADangerAndOneThatForgetsThemByWhatElseHasThem) {
  const ServerReport redis{.server = "127.0.0.1:6379",
                           .state = {{"maxmemory_policy", "allkeys-lru"},
                                     {"evicted_keys", "3"},
                                     {"used_memory", "95"},
                                     {"maxmemory", "100"}},
                           .settings = {{"appendonly", "no"}}};
  Visit visit;
  look_at_redis_memory(redis, visit.notes);
  look_at_redis_persistence(redis, {.has_database = true}, visit.notes);
  EXPECT_THAT(visit.found(), ElementsAre("danger maxmemory-policy", "danger evicted_keys",
                                         "warning used_memory", "warning appendonly"));
  Visit alone;
  look_at_redis_persistence(redis, {.has_database = false}, alone.notes);
  EXPECT_THAT(alone.found(), ElementsAre("danger appendonly"));
}

TEST(Doctor, SaysThatARedisRefusesJobsUntilItsReplicasAreBack) {
  const ServerReport redis{.server = "127.0.0.1:6379",
                           .state = {{"connected_slaves", "1"}},
                           .settings = {{"min-replicas-to-write", "2"}}};
  Visit visit;
  look_at_redis_connections(redis, visit.notes);
  EXPECT_THAT(visit.found(), ElementsAre("danger min-replicas-to-write"));
}

TEST(Doctor, JudgesAClockByWhatIsSureOfIt) {
  const auto judged = [](std::chrono::milliseconds ahead, std::chrono::milliseconds within) {
    Visit visit;
    look_at_clock(ahead, within, visit.notes);
    return visit.found();
  };
  EXPECT_THAT(judged(1500ms, 600ms), IsEmpty()) << "it may be less than a second";
  EXPECT_THAT(judged(-3s, 1ms), ElementsAre("warning clock"));
  EXPECT_THAT(judged(2min, 1ms), ElementsAre("danger clock"));
}

TEST(Examination, PutsTheWorstFirstAndSaysSoInItsJson) {
  Visit visit;
  visit.notes.found(Severity::kNote, "a", "1", "Why.", "What to do.");
  visit.notes.found(Severity::kDanger, "b", "2", "Why.", "What to do.");
  visit.notes.found(Severity::kNote, "c", "3", "Why.", "What to do.");
  visit.examination.sort();
  EXPECT_THAT(visit.found(), ElementsAre("danger b", "note a", "note c"));
  const auto document = json::parse(in_json(visit.examination).dump());
  EXPECT_EQ(document.at("endangered"), true);
  EXPECT_EQ(document.at("findings").at(0).at("severity"), "danger");
  EXPECT_EQ(document.at("findings").at(0).at("remedy"), "What to do.");
}

TEST(Bytes, AreToldInAUnitThatFits) {
  EXPECT_EQ(in_bytes(12), "12 bytes");
  EXPECT_EQ(in_bytes(1500), "1.5 kB");
  EXPECT_EQ(in_bytes(820e6), "820 MB");
  EXPECT_EQ(in_bytes(2e9), "2 GB");
}

}  // namespace
}  // namespace aftercommit::operate
