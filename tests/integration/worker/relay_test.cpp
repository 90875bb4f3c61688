/// The relay's sweep: every committed job gets to the broker, whatever was lost and whoever commits late.
#include "worker/relay/relay.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <pqxx/pqxx>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/job_feed.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/migrations.hpp"
#include "client/statements/statements.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/redis_calls.hpp"
#include "support/plan.hpp"
#include "support/servers/private_postgres.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

using support::kNoWait;
using ::testing::HasSubstr;

class RelayTest : public ::testing::Test {
 protected:
  RelayTest() { detail::migrate(database); }

  /// One committed job without a push, as after a crash of its producer.
  JobId commit_job(const std::string& queue = "mail") { return insert_job(*outside, queue); }

  static JobId insert_job(pqxx::transaction_base& transaction, const std::string& queue = "mail") {
    const Envelope job{.id = JobId::generate(),
                       .task = "send",
                       .queue = queue,
                       .enqueued_at = std::chrono::system_clock::now(),
                       .durable = true};
    transaction.exec("INSERT INTO job (id, queue, envelope) VALUES ('" + job.id.str() + "', '" + queue +
                     "', " + transaction.quote(encode(job)) + ")");
    return job.id;
  }

  /// Until nothing is left of the backlog either.
  std::size_t sweep_all(worker::Sweeper& with) {
    auto brought = with.sweep();
    EXPECT_TRUE(support::eventually([&] {
      if (!with.goes_on_at()) return true;
      brought += with.sweep();
      return false;
    }));
    return brought;
  }
  std::size_t sweep_all() { return sweep_all(sweeper); }

  std::set<JobId> arrived() {
    std::set<JobId> ids;
    for (const auto& job : broker->fetch("onlooker", queues, 10'000, kNoWait)) {
      const auto [place, fresh] = ids.insert(std::get<Envelope>(decode(job.payload, 1'000'000)).id);
      EXPECT_TRUE(fresh) << "twice: " << place->str();
    }
    return ids;
  }

  void lose_data() {
    support::Onlooker{redis_url}.ask("EVAL", "redis.call('DEL', unpack(KEYS))", 5, key("stream"),
                                     key("delayed"), key("durable"), key("relay"), key("workers"));
  }
  std::string key(const std::string& name) const {
    return parse_redis_url(redis_url).prefix + ":{mail}:" + name;
  }

  const support::Schema schema;
  const std::string redis_url = support::fresh_redis_url();
  const std::vector<Queue> queues{"mail"};
  Database database{{.url = schema.url(), .schema = schema.name()}};
  pqxx::connection connection{schema.url("outside")};
  std::unique_ptr<pqxx::nontransaction> outside = std::make_unique<pqxx::nontransaction>(connection);
  std::unique_ptr<Broker> broker = make_broker(redis_url);
  worker::Sweeper sweeper{*broker, database, queues, defaults::kPayloadLimit};
};

TEST_F(RelayTest, BringsRowsThatAreDueNeverOrSinceEver) {  // P9
  const auto never = commit_job();
  outside->exec("UPDATE job SET due_at = 'infinity', enqueued_at = '-infinity'");
  const auto now = commit_job();
  const auto since_ever = commit_job();
  outside->exec("UPDATE job SET due_at = '-infinity' WHERE id = '" + since_ever.str() + "'");
  EXPECT_EQ(sweeper.sweep(), 3U);
  EXPECT_EQ(arrived(), (std::set{now, since_ever}));
  EXPECT_EQ(broker->counts("mail").delayed, 1);

  const detail::JobTable table{database};
  EXPECT_GT(table.find(never)->due_in, std::chrono::years{1000});
  EXPECT_GT(table.counts().at(0).oldest.value(), std::chrono::years{50});
  table.bury_lost(JobId::generate(), "mail", "{}");
  outside->exec("UPDATE dead SET died_at = 'infinity'");
  EXPECT_GT(table.dead("mail", 10).at(0).died_at, std::chrono::system_clock::now());
}

TEST_F(RelayTest, BringsAJobFromTheDeadThoughTheBrokerHasItsId) {  // P6
  const auto job = commit_job();
  EXPECT_EQ(sweeper.sweep(), 1U);
  const auto copy = broker->fetch("dying", queues, 1, kNoWait).at(0);
  const detail::JobTable table{database};
  const DeadLetter letter{.cause = DeadLetter::Cause::kRejected,
                          .reason = "no",
                          .worker = "dying",
                          .at = std::chrono::system_clock::now(),
                          .entry = copy.entry,
                          .raw = {},
                          .job = std::get<Envelope>(decode(copy.payload, 1'000'000))};
  ASSERT_TRUE(table.bury(job, 1, encode(letter)));
  ASSERT_TRUE(table.revive(job));
  EXPECT_EQ(sweeper.sweep(), 1U);
  const Settlement ack{.kind = Settlement::Kind::kAck, .queue = "mail", .entry = copy.entry, .durable = job};
  EXPECT_EQ(broker->settle("dying", {&ack, 1}).at(0), Settled::kDone);
  EXPECT_EQ(arrived(), std::set{job});
  EXPECT_EQ(sweeper.sweep(), 0U) << "once";
}

TEST_F(RelayTest, BringsWhatWasCommitted) {  // P6
  const auto first = commit_job();
  EXPECT_EQ(sweeper.sweep(), 1U);
  EXPECT_EQ(arrived(), std::set{first});
  const auto second = commit_job();
  EXPECT_EQ(sweeper.sweep(), 1U);
  EXPECT_EQ(arrived(), std::set{second});
  EXPECT_EQ(sweeper.sweep(), 0U);
}

TEST_F(RelayTest, NeverSkipsALateCommit) {  // P6
  pqxx::connection late_connection{schema.url("late")};
  pqxx::work late{late_connection};
  const auto late_job = insert_job(late);
  const auto early = commit_job();
  EXPECT_EQ(sweeper.sweep(), 1U);
  EXPECT_EQ(arrived(), std::set{early});
  late.commit();
  sweeper.sweep();
  EXPECT_EQ(arrived(), std::set{late_job});
}

TEST_F(RelayTest, IsNotHeldUpByAForeignTransaction) {
  pqxx::connection foreign_connection{schema.url("foreign")};
  pqxx::work foreign{foreign_connection};
  foreign.exec("SELECT pg_current_xact_id()");
  for (int i = 0; i < 3; ++i) {
    const auto job = commit_job();
    EXPECT_EQ(sweeper.sweep(), 1U);
    EXPECT_EQ(arrived(), std::set{job});
  }
}

TEST_F(RelayTest, BringsNothingTwice) {
  const auto pushed = commit_job();
  const auto row = detail::JobTable{database}.find(pushed).value();
  const Outgoing job{.queue = "mail", .payload = row.envelope, .durable = pushed};
  broker->enqueue({&job, 1}, support::kTimeout);
  EXPECT_EQ(sweeper.sweep(), 0U);
  EXPECT_EQ(arrived(), std::set{pushed});
}

TEST_F(RelayTest, BringsAllAgainWhenTheBrokerHasLostItsData) {  // P6
  std::set<JobId> all;
  for (int i = 0; i < 50; ++i) all.insert(commit_job());
  sweep_all();
  EXPECT_EQ(arrived(), all);
  lose_data();
  EXPECT_EQ(sweep_all(), 50U);
  EXPECT_EQ(arrived(), all);
}

TEST_F(RelayTest, GoesOverAllPages) {
  outside->exec(
      "INSERT INTO job (id, queue, envelope) SELECT id, 'mail', json_build_object('v', 1, 'id', id, 'task', "
      "'send', "
      "'args', json_build_array(), 'queue', 'mail', 'enqueued_at', 1, 'durable', true) "
      "FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2350)) AS ids");
  EXPECT_EQ(sweep_all(), 2350U);
  EXPECT_EQ(arrived().size(), 2350U);
  EXPECT_EQ(sweeper.sweep(), 0U);
}

class RelayReads : public RelayTest {
 protected:
  RelayReads() {
    outside->exec("ALTER TABLE job SET (autovacuum_enabled = off)");
    outside->exec(
        "INSERT INTO job (id, queue, envelope) SELECT ('019a0000-0000-7000-8000-' || lpad(to_hex(i), 12, "
        "'0'))::uuid, 'mail', '{}' FROM generate_series(1, 20000) AS i");
    theirs = ask("SELECT xact FROM job LIMIT 1");
    one_but_last = ask("SELECT id FROM job ORDER BY id DESC OFFSET 1");
  }

  std::string ask(const std::string& sql) { return outside->exec(sql)[0][0].as<std::string>(); }

  /// Pages of the server's memory that it takes to read 100 jobs; those of the index are some 150, and those
  /// of the table some 250.
  long pages(const std::string& xmax, const std::string& running, const std::string& xact,
             const std::string& id) {
    const auto quoted = [this](const std::string& text) { return outside->quote(text); };
    std::string message;
    detail::Statements{schema.name()}.relay_fresh.append_to(
        message,
        {{quoted("{" + running + "}"), quoted("mail"), quoted(xact), quoted(id), "100", quoted(xmax)}});
    const auto query = message.find("SELECT");
    return support::pages_of(*outside, message.substr(query), message.substr(0, query));
  }

  /// `few`: each of 100 rows may lie in a page of its own, unless those need not be looked at.
  void expect_few_pages(long few) {
    const auto now = ask("SELECT pg_snapshot_xmax(pg_current_snapshot())");
    EXPECT_LT(pages(now, "", "0", none), 20) << "nothing is new";
    EXPECT_LT(pages(now, "5", "0", none), 20) << "nor of a transaction that has not ended yet";
    EXPECT_LT(pages(now, theirs, theirs, one_but_last), 20) << "the last one of a transaction that was late";
    EXPECT_LT(pages(now, theirs, "0", none), few) << "the first ones of that";
    EXPECT_LT(pages("0", "", theirs, one_but_last), 20) << "the last page of all";
    EXPECT_LT(pages("0", "", "0", none), few) << "the first";
  }

  const std::string none = "00000000-0000-0000-0000-000000000000";
  std::string theirs;  // the transaction that inserted all
  std::string one_but_last;
};

TEST_F(RelayReads, OnlyWhatItAsksFor) {
  // A snapshot of somebody else's keeps VACUUM from knowing that all can see the rows.
  ASSERT_TRUE(support::eventually([&] {
    outside->exec("VACUUM ANALYZE job");
    return outside->exec("SELECT relallvisible = relpages FROM pg_class WHERE oid = 'job'::regclass")[0][0]
        .as<bool>();
  }));
  expect_few_pages(20);
}

TEST_F(RelayReads, OnlyWhatItAsksForOfATableThatNobodyHasAnalyzed) { expect_few_pages(130); }

TEST_F(RelayReads, OnlyWhatItAsksForOfRowsThatAreNotKnownToBeSeenByAll) {
  outside->exec("ANALYZE job");
  expect_few_pages(130);
}

TEST_F(RelayTest, ReadsNoQueueWithoutAName) {  // which a table without its CHECK may hold
  EXPECT_THROW(detail::JobFeed{database}.read("x'; SELECT 1; --", detail::FeedCursor::from_the_start(), 1),
               ConfigError);
}

TEST_F(RelayTest, GoesOnWhereAnotherOneDiedInTheMidstOfASweep) {
  outside->exec("BEGIN");
  std::set<JobId> all;
  for (int i = 0; i < 150; ++i) all.insert(commit_job());
  outside->exec("COMMIT");
  // What the other had said: a sweep over the first half.
  const detail::JobFeed feed{database};
  const auto source = feed.source();
  auto cursor = detail::FeedCursor::from_the_start();
  const auto page = feed.read("mail", cursor, 75);
  ASSERT_EQ(page.jobs.size(), 75U);
  ASSERT_TRUE(broker->relay({.queue = "mail", .source = source, .expected = "", .next = cursor.str()}));
  auto half = cursor;
  half.sweeping = page.snapshot;
  half.position = page.jobs.back().position;
  std::vector<JobId> ids;
  for (const auto& entry : page.jobs) ids.push_back(entry.id);
  std::vector<Outgoing> jobs;
  for (const auto& row : feed.load(ids).rows)
    jobs.push_back({.queue = "mail", .payload = row.envelope, .durable = row.id});
  ASSERT_TRUE(broker->relay(
      {.queue = "mail", .source = source, .expected = cursor.str(), .next = half.str(), .jobs = jobs}));

  EXPECT_EQ(sweep_all(), 75U);
  EXPECT_EQ(arrived(), all);
}

TEST_F(RelayTest, StartsAnewWhenTheDatabaseHasGoneBackInTime) {
  sweeper.sweep();
  const auto source = detail::JobFeed{database}.source();
  const auto now = broker->relay_cursors(source, queues).at(0);
  // A cursor of a later state than the database is in: a backup was restored.
  ASSERT_TRUE(broker->relay(
      {.queue = "mail", .source = source, .expected = now, .next = "token 99999999999:99999999999:"}));
  const auto job = commit_job();
  EXPECT_EQ(sweeper.sweep(), 1U);
  EXPECT_EQ(arrived(), std::set{job});
}

class RelayInAnotherRun : public RelayTest {
 protected:
  /// A job under an id that was given out before, as after a crash.
  JobId commit_job_under_an_old_id() {
    const auto job = commit_job();
    outside->exec("UPDATE job SET xact = '3' WHERE id = '" + job.str() + "'");
    return job;
  }
  long cursors() {
    return static_cast<long>(support::Onlooker{redis_url}.ask("HLEN", key("relay"))->integer);
  }
};

/// On a server of its own: what a crash resets is the server's, and others would take it for theirs.
class RelayAfterACrash : support::OnPrivatePostgres, public RelayInAnotherRun {};

TEST_F(RelayAfterACrash, ReadsTheTableAnew) {  // P6
  sweep_all();
  const auto job = commit_job_under_an_old_id();
  EXPECT_EQ(sweeper.sweep(), 0U) << "it is none that the cursor can show";
  outside->exec("SELECT pg_stat_reset_shared('bgwriter')");  // which a crash does
  EXPECT_EQ(sweep_all(), 1U);
  EXPECT_EQ(arrived(), std::set{job});
  EXPECT_EQ(sweep_all(), 0U);
}

TEST_F(RelayInAnotherRun, OfTheTableReadsItAnew) {  // P6: TRUNCATE, and what a dump had
  sweep_all();
  outside->exec("TRUNCATE job");
  const auto job = commit_job_under_an_old_id();
  EXPECT_EQ(sweep_all(), 1U);
  EXPECT_EQ(arrived(), std::set{job});
}

TEST_F(RelayAfterACrash, ForgetsTheCursorsOfThoseBeforeTheLastTwo) {
  std::string other_table = detail::JobFeed{database}.source() + "_b";
  ASSERT_TRUE(broker->relay({.queue = "mail", .source = other_table, .expected = "", .next = "its"}));
  for (int run = 0; run < 5; ++run) {
    sweep_all();
    EXPECT_LE(cursors(), 1 + 3);
    outside->exec("SELECT pg_stat_reset_shared('bgwriter')");
  }
  EXPECT_EQ(broker->relay_cursors(other_table, queues).at(0), "its");
}

/// A backlog of three pages, and hardly any time for it.
class RelayBacklog : public RelayTest {
 protected:
  RelayBacklog() {
    outside->exec(
        "INSERT INTO job (id, queue, envelope) SELECT id, 'mail', json_build_object('v', 1, 'id', id, "
        "'task', 'send', 'args', json_build_array(), 'queue', 'mail', 'enqueued_at', 1, 'durable', true) "
        "FROM (SELECT gen_random_uuid() AS id FROM generate_series(1, 2500)) AS ids");
  }
  static constexpr worker::Sweeper::Limits kSlow{.rows = 100, .jobs = 100};
  worker::Sweeper slow{*broker, database, queues, defaults::kPayloadLimit, kSlow};
};

TEST_F(RelayBacklog, DoesNotKeepNewJobsWaiting) {
  EXPECT_EQ(slow.sweep(), 1000U);
  EXPECT_EQ(arrived().size(), 1000U);
  ASSERT_TRUE(slow.goes_on_at());
  EXPECT_GT(*slow.goes_on_at(), worker::Sweeper::Clock::now()) << "a page costs twenty seconds";
  const auto job = commit_job();
  EXPECT_EQ(slow.sweep(), 1U);
  EXPECT_EQ(arrived(), std::set{job});
}

TEST_F(RelayBacklog, IsLeftToWhoIsAtIt) {
  EXPECT_EQ(slow.sweep(), 1000U);
  EXPECT_EQ(sweeper.sweep(), 0U);
  ASSERT_TRUE(sweeper.goes_on_at());
  EXPECT_GT(*sweeper.goes_on_at(), worker::Sweeper::Clock::now());
  EXPECT_EQ(arrived().size(), 1000U);
}

TEST_F(RelayBacklog, IsTakenOverFromWhoIsSilent) {  // P6
  EXPECT_EQ(slow.sweep(), 1000U);
  EXPECT_EQ(sweep_all(), 1500U);
  EXPECT_EQ(arrived().size(), 2500U);
  EXPECT_EQ(slow.sweep(), 0U);
  EXPECT_FALSE(slow.goes_on_at());
}

TEST_F(RelayBacklog, IsBegunAnewWhereTheBrokerLosesItsDataInTheMidst) {  // P6
  EXPECT_EQ(slow.sweep(), 1000U);
  lose_data();
  const auto job = commit_job();
  EXPECT_EQ(sweep_all(), 2501U);
  EXPECT_TRUE(arrived().contains(job));
}

TEST_F(RelayBacklog, HasAnEndThoughJobsKeepComing) {
  EXPECT_EQ(slow.sweep(), 1000U);
  for (int i = 0; i < 20; ++i) commit_job();
  EXPECT_EQ(sweep_all(), 1520U);
  EXPECT_EQ(sweep_all(), 0U);
}

TEST_F(RelayTest, NoticesThatTheBrokerLostItsDataInTheMidstOfASweep) {
  commit_job();
  sweeper.sweep();
  const auto source = detail::JobFeed{database}.source();
  const auto known = broker->relay_cursors(source, queues).at(0);
  lose_data();
  EXPECT_FALSE(broker->relay({.queue = "mail", .source = source, .expected = known, .next = "token 5:5:"}));
  EXPECT_EQ(sweeper.sweep(), 1U);
}

TEST_F(RelayTest, ServesTwoAtOnce) {
  std::set<JobId> all;
  for (int i = 0; i < 500; ++i) all.insert(commit_job());
  {
    std::vector<std::jthread> relays;
    for (int i = 0; i < 3; ++i) {
      relays.emplace_back([&] {
        const auto own = make_broker(redis_url);
        worker::Sweeper{*own, database, queues, defaults::kPayloadLimit}.sweep();
      });
    }
  }
  sweep_all();
  EXPECT_EQ(arrived(), all);
}

TEST_F(RelayTest, BuriesRowsThatAreNoJobs) {  // P9
  outside->exec("INSERT INTO job (id, queue, envelope) VALUES (gen_random_uuid(), 'mail', 'nonsense')");
  outside->exec("INSERT INTO job (id, queue, envelope) SELECT gen_random_uuid(), 'mail', envelope FROM job");
  const auto good = commit_job();
  const auto other = Envelope{.id = JobId::generate(),
                              .task = "send",
                              .queue = "mail",
                              .enqueued_at = std::chrono::system_clock::now(),
                              .durable = true};
  outside->exec("INSERT INTO job (id, queue, envelope) VALUES (gen_random_uuid(), 'mail', " +
                outside->quote(encode(other)) + ")");
  sweeper.sweep();
  EXPECT_EQ(arrived(), std::set{good});
  const auto dead = detail::JobTable{database}.dead("mail", 10);
  ASSERT_EQ(dead.size(), 3U);
  for (const auto& row : dead) {
    const auto letter = std::get<DeadLetter>(decode_dead_letter(row.letter));
    EXPECT_EQ(letter.cause, DeadLetter::Cause::kMalformed);
    EXPECT_FALSE(letter.raw.empty());
  }
}

TEST_F(RelayTest, CarriesJobsThatOnlyOtherWorkersCanRead) {  // P6
  const auto later = commit_job();
  outside->exec("UPDATE job SET envelope = replace(envelope, '\"v\":1', '\"v\":2')");
  const Envelope large{.id = JobId::generate(),
                       .task = "send",
                       .args = {std::string(2 * defaults::kPayloadLimit, 'x')},
                       .queue = "mail",
                       .enqueued_at = std::chrono::system_clock::now(),
                       .durable = true};
  outside->exec("INSERT INTO job (id, queue, envelope) VALUES ('" + large.id.str() + "', 'mail', " +
                outside->quote(encode(large)) + ")");
  EXPECT_EQ(sweeper.sweep(), 2U);
  EXPECT_EQ(broker->has_durable("mail", std::vector{later, large.id}), (std::vector{true, true}));
  EXPECT_TRUE(detail::JobTable{database}.dead("mail", 10).empty());
}

TEST_F(RelayTest, KeepsTheDueTime) {
  outside->exec(
      "INSERT INTO job (id, queue, due_at, envelope) SELECT id, 'mail', now() + interval '1 hour', "
      "json_build_object('v', 1, 'id', id, 'task', 'send', 'args', json_build_array(), 'queue', 'mail', "
      "'enqueued_at', 1, 'durable', true) FROM (SELECT gen_random_uuid() AS id) AS ids");
  EXPECT_EQ(sweeper.sweep(), 1U);
  EXPECT_EQ(broker->counts("mail").delayed, 1);
  EXPECT_EQ(broker->counts("mail").ready, 0);
}

TEST(FeedCursorTest, ReadsBackWhatItWrites) {
  auto cursor = detail::FeedCursor::from_the_start();
  cursor.shown = "5:9:6,7";
  for (int round = 0; round < 2; ++round) {
    const auto again = detail::FeedCursor::parse(cursor.str());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->str(), cursor.str());
    cursor.sweeping = "7:12:";
    cursor.position = {"8", JobId::generate().str()};
  }
}

TEST(FeedCursorTest, ReadsBackThatItIsComplete) {
  auto cursor = detail::FeedCursor::from_the_start();
  EXPECT_TRUE(cursor.at_the_start());
  EXPECT_FALSE(detail::FeedCursor::parse(cursor.str())->complete);
  cursor.complete = true;
  EXPECT_TRUE(detail::FeedCursor::parse(cursor.str())->complete);
  cursor.sweeping = "7:12:";
  cursor.position = {"8", JobId::generate().str()};
  const auto again = detail::FeedCursor::parse(cursor.str());
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->complete);
  EXPECT_EQ(again->str(), cursor.str());
}

TEST(FeedSourceTest, IsOutlivedByTheThirdRunOfTheSameTableAfterIt) {
  const std::string table = " 7/5/shop";
  const std::vector<std::string> known{"7/5/00000001/shop",  // of an older release
                                       "1700000000000001.0.00000001.9" + table,
                                       "backlog 1700000000000001.0.00000001.9" + table,
                                       "1700000000000002.0.00000001.9" + table,
                                       "1700000000000003.0.00000002.9" + table,
                                       "1700000000000004.0.00000002.9" + table,
                                       "1700000000000001.0.00000001.9 7/6/shop",
                                       "1700000000000001.0.00000001.9 7/5/other",
                                       "7/5/00000001/other",
                                       "7/6/00000001/shop",
                                       "what",
                                       ""};
  EXPECT_THAT(detail::outlived(known, known[5]), ::testing::ElementsAre(known[0], known[1], known[2]));
  EXPECT_THAT(detail::outlived(known, known[3]), ::testing::ElementsAre(known[0], known[1], known[2]));
  EXPECT_THAT(detail::outlived({known.begin(), known.begin() + 4}, known[3]), ::testing::IsEmpty());
}

TEST(FeedCursorTest, IsNothingForAnyOtherText) {
  for (const auto* text : {"", "x", "x y", "x 1:1", "x 1:1: 2:2:", "x 1:1: 2:2: 3 4", "a b c d e f"}) {
    EXPECT_FALSE(detail::FeedCursor::parse(text)) << text;
  }
}

}  // namespace
}  // namespace aftercommit
