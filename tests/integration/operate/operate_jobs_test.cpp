// Jobs found, told of, asked for and deleted, as another program than the command has it.
#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "client/job_table/home.hpp"
#include "operate/audit.hpp"
#include "operate/cancel.hpp"
#include "operate/dead_change.hpp"
#include "operate/enqueue.hpp"
#include "operate/homes.hpp"
#include "operate/job_list.hpp"
#include "operate/job_story.hpp"
#include "operate/purge.hpp"
#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using operate::JobFate;
using operate::JobStanding;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace std::chrono_literals;

class OperatorsJobs : public support::CliTest {
 protected:
  /// All pages; ids.
  std::vector<std::string> ids(operate::JobsAsked asked, const operate::LookBounds& bounds = {}) {
    std::vector<std::string> found;
    do {
      const auto list = operate::list_jobs(servers, asked, bounds);
      EXPECT_LE(list.jobs.size(), asked.limit);
      for (const auto& job : list.jobs) found.push_back(job.id);
      asked.after = list.next;
    } while (!asked.after.empty());
    return found;
  }
  std::vector<std::string> of_state(JobStanding state) { return ids({.filter = {.state = state}}); }

  /// Its attempt fails, and it waits for the next.
  JobId fail(const std::string& error) {
    const auto fetched = fetch();
    auto job = read(fetched.payload);
    add_error(job, {.attempt = 1, .at = std::chrono::system_clock::now(), .worker = "ann", .error = error});
    job.attempt = 2;
    EXPECT_TRUE(table.record(job, 1, 1h));
    const Settlement end{.kind = Settlement::Kind::kRetry,
                         .queue = "mail",
                         .entry = fetched.entry,
                         .payload = encode(job),
                         .countdown = 1h};
    EXPECT_EQ(calls.broker.settle(support::kAnn, {&end, 1}).at(0), Settled::kDone);
    return job.id;
  }

  operate::Servers servers{shop()};
};

TEST_F(OperatorsJobs, AreListedByTheirStates) {
  durable(1);
  const auto retrying = fail("no route to host").str();
  const auto ready = durable(2).str();
  const auto running = read(fetch().payload).id.str();
  EXPECT_EQ(running, ready) << "the row does not say so before its transaction begins";
  const auto delayed = durable(3, {.countdown = 1h}).str();
  const auto plain = other(4).str();
  EXPECT_THAT(of_state(JobStanding::kRetrying), ElementsAre(retrying));
  EXPECT_THAT(of_state(JobStanding::kRunning), ElementsAre(running));
  EXPECT_THAT(of_state(JobStanding::kDelayed), ElementsAre(delayed));
  EXPECT_THAT(ids({}), UnorderedElementsAre(retrying, ready, delayed, plain)) << "each once";

  app.pause_queue("mail");
  EXPECT_THAT(of_state(JobStanding::kPaused), UnorderedElementsAre(ready, plain));
  EXPECT_THAT(of_state(JobStanding::kReady), IsEmpty());
  EXPECT_THROW(of_state(JobStanding::kDead), UsageError);
}

TEST_F(OperatorsJobs, AreRunningWhileATransactionOfAWorkerHasTheirRow) {
  const auto job = durable(1);
  pqxx::connection worker{schema().url("ac:somewhere-7-abc")};
  pqxx::work claim{worker};
  claim.exec("DELETE FROM " + schema().name() + ".job WHERE id = '" + job.str() + "'");
  const auto list = operate::list_jobs(servers, {});
  ASSERT_THAT(list.jobs, SizeIs(1));
  EXPECT_EQ(list.jobs[0].state, JobStanding::kRunning);
  EXPECT_EQ(list.jobs[0].worker, "somewhere-7-abc");
  const auto story = operate::find_story(servers, job);
  EXPECT_EQ(story.standing, JobStanding::kRunning);
  EXPECT_TRUE(story.running_since);
  claim.abort();
  EXPECT_EQ(operate::list_jobs(servers, {}).jobs.at(0).state, JobStanding::kReady);
}

TEST_F(OperatorsJobs, AreFoundByQueueArgumentErrorAndAge) {
  durable(4711);
  const auto failed = fail("no route to host").str();
  const auto other_args = durable(42).str();
  const auto plain = other(4711).str();
  EXPECT_THAT(ids({.filter = {.argument = "4711"}}), UnorderedElementsAre(failed, plain));
  EXPECT_THAT(ids({.filter = {.error = "route to"}}), ElementsAre(failed));
  EXPECT_THAT(ids({.filter = {.queue = "mail", .task = "receipt", .argument = "42"}}),
              ElementsAre(other_args));
  EXPECT_THAT(ids({.filter = {.task = "ship"}}), IsEmpty());
  EXPECT_THAT(ids({.filter = {.queue = "slow"}}), IsEmpty());
  EXPECT_THAT(ids({.filter = {.before = std::chrono::system_clock::now() - 1h}}), IsEmpty());
  EXPECT_THAT(ids({.filter = {.since = std::chrono::system_clock::now() - 1h}}), SizeIs(3));
}

TEST_F(OperatorsJobs, AreListedPageByPageEachOnceWhateverOnePageMayCost) {
  std::set<std::string> expected;
  for (long i = 0; i < 5; ++i) expected.insert(durable(i).str()), expected.insert(other(i).str());
  const auto once = [&](const operate::JobsAsked& asked, const operate::LookBounds& bounds) {
    const auto found = ids(asked, bounds);
    EXPECT_EQ(found.size(), expected.size());
    EXPECT_EQ((std::set<std::string>{found.begin(), found.end()}), expected);
  };
  once({.limit = 2}, {});
  once({.limit = 1, .oldest_first = true}, {});
  once({.filter = {.queue = "mail"}, .limit = 3}, {});
  once({.filter = {.queue = "mail"}, .limit = 3, .oldest_first = true}, {});
  once({.filter = {.task = "receipt"}, .limit = 2}, {.rows = 3});
  EXPECT_THROW(operate::list_jobs(servers, {.after = "nonsense"}), UsageError);
}

TEST_F(OperatorsJobs, TellTheirStoryFromTheTransactionOnTheyCameFrom) {
  durable(7);
  const auto id = fail("no route to host");
  const auto story = operate::find_story(servers, id);
  EXPECT_EQ(story.fate, JobFate::kWaiting);
  EXPECT_EQ(story.standing, JobStanding::kRetrying);
  EXPECT_EQ(story.in_redis, true);
  ASSERT_TRUE(story.place);
  EXPECT_EQ(story.place->part, JobPart::kDelayed);
  const auto xact = outside("SELECT xact::text FROM " + schema().name() + ".job")[0][0].as<std::string>();
  EXPECT_EQ(story.asked_in, xact);
  ASSERT_THAT(story.lines, SizeIs(3));
  EXPECT_EQ(story.lines[0].what, "asked for");
  EXPECT_EQ(story.lines[1].what, "attempt 1 failed");
  EXPECT_THAT(story.lines[1].detail, HasSubstr("no route to host"));
  EXPECT_EQ(story.lines[2].what, "due");
  EXPECT_FALSE(in_json(story, false).contains("args"));
  EXPECT_EQ(in_json(story, true).at("args").dump(), "[7]");
}

TEST_F(OperatorsJobs, AreTracedWhereverTheyHaveEnded) {
  const auto fate = [&](const JobId& id) { return operate::find_story(servers, id).fate; };
  durable(1);
  const auto dead = die();
  other(2);
  const auto dead_in_redis = die();
  const auto cancelled = durable(3, {.countdown = 1h});
  app.cancel(cancelled, {.note = "sold out"});
  const auto in_redis = other(4);
  const auto done = JobId::generate();
  outside("INSERT INTO " + schema().name() + ".ledger (id) VALUES ('" + done.str() + "')");
  EXPECT_EQ(fate(dead), JobFate::kDead);
  EXPECT_EQ(fate(dead_in_redis), JobFate::kDead);
  EXPECT_EQ(fate(cancelled), JobFate::kCancelled);
  EXPECT_EQ(operate::find_story(servers, cancelled).note, "sold out");
  EXPECT_EQ(fate(in_redis), JobFate::kWaiting);
  const auto effect = operate::find_story(servers, done);
  EXPECT_EQ(effect.fate, JobFate::kDone);
  EXPECT_NE(effect.effect_in, "");
  EXPECT_FALSE(operate::find_story(servers, JobId::generate()).is_known());
}

TEST_F(OperatorsJobs, AreAskedForAsARowOrInRedisAlone) {
  detail::enter_app(database, {.databases = {}, .app = "shop", .tasks = {"receipt"}},
                    std::vector<Queue>{"mail"});
  const auto row = operate::enqueue_job(
      servers,
      {.task = "receipt", .args = "[9]", .queue = "mail", .countdown = 1h, .priority = Priority::kHigh});
  const auto job = read(table.find(JobId::parse(row.id).value())->envelope);
  EXPECT_EQ(job.args.dump(), "[9]");
  EXPECT_EQ(job.priority, Priority::kHigh);
  EXPECT_EQ(row.task_is_known, true);
  EXPECT_EQ(operate::enqueue_job(servers, {.task = "ship", .queue = "mail"}).task_is_known, false);

  const auto sent =
      operate::enqueue_job(servers, {.task = "receipt", .args = "[8]", .queue = "quick", .immediate = true});
  EXPECT_EQ(sent.database, "");
  const auto ready = calls.broker.jobs("quick", JobPart::kReady, "", 10).jobs;
  ASSERT_THAT(ready, SizeIs(1));
  EXPECT_EQ(read(ready[0].payload).id.str(), sent.id);
  EXPECT_THROW(operate::enqueue_job(servers, {.task = "receipt", .args = "{}"}), UsageError);
  EXPECT_THROW(operate::enqueue_job(servers, {.task = "receipt", .args = "[1, {\"a\":1,\"a\":2}]"}),
               UsageError);
}

TEST_F(OperatorsJobs, ThatRedisAloneHoldsArePurgedAndDurableOnesOnlyTogetherWithTheirRows) {
  const auto running = durable(1);
  ASSERT_EQ(read(fetch().payload).id, running);
  pqxx::connection worker{schema().url("ac:somewhere-7-abc")};
  pqxx::work claim{worker};
  claim.exec("DELETE FROM " + schema().name() + ".job WHERE id = '" + running.str() + "'");
  for (long i = 0; i < 3; ++i) durable(i), other(i), durable(i, {.countdown = 1h});
  receipt.apply_async({.countdown = 1h, .queue = "mail", .delivery = Delivery::kOnCommit}, 5L);
  const auto kept = operate::purge(servers, "mail", false);
  EXPECT_EQ(kept.removed, 4U);
  EXPECT_EQ(kept.stay, 6U);
  EXPECT_EQ(calls.counts().ready, 3);

  EXPECT_EQ(operate::look_before_purge(servers, "mail").durable, 7);
  const auto all = operate::purge(servers, "mail", true);
  EXPECT_EQ(all.rows, 6U);
  EXPECT_EQ(all.copies, 6U);
  EXPECT_EQ(calls.counts().ready + calls.counts().delayed, 0);
  EXPECT_EQ(calls.counts().running, 1);
  claim.abort();
  EXPECT_TRUE(table.find(running)) << "what runs goes on";
  EXPECT_EQ(operate::list_jobs(servers, {.filter = {.queue = "mail"}}).jobs.size(), 1U);
}

TEST_F(OperatorsJobs, ThatArePurgedAreInTheSumOfTheAuditFromThenOn) {
  for (long i = 0; i < 3; ++i) durable(i);
  durable(3, {.countdown = 1h});
  durable(4);
  const auto requested = read(fetch().payload).id;
  outside("INSERT INTO " + schema().name() + ".cancelled (id, state, note) VALUES ('" + requested.str() +
          "', 'requested', 'why')");  // of one that runs no more
  const auto before = operate::sum(operate::audit(servers, 0ms).census.durable);
  EXPECT_EQ(before.rows + before.dead, 5);
  EXPECT_EQ(operate::purge(servers, "mail", true).rows, 5U);
  const auto after = operate::audit(servers, 0ms);
  const auto left = operate::sum(after.census.durable);
  EXPECT_EQ(left.rows + left.dead, 0);
  EXPECT_EQ(after.census.cancelled, 5) << "committed = done + cancelled + dead + waiting + delayed + running";
  for (const auto& each : after.disagreements) EXPECT_FALSE(operate::needs_somebody(each.kind));
  std::map<std::string, int> states, notes;
  for (const auto& job : operate::newest_cancelled(servers, 10).jobs) {
    ++states[job.state], ++notes[job.note];
    EXPECT_EQ(job.task, "receipt");
  }
  EXPECT_THAT(states, UnorderedElementsAre(Pair("waiting", 4), Pair("delayed", 1)));
  EXPECT_THAT(notes, UnorderedElementsAre(Pair("purged", 4), Pair("why", 1)));
}

TEST_F(OperatorsJobs, StayWhereTheQueueIsAnotherDatabasesForThoseWhoHaveServedIt) {
  durable(1);
  const auto here = detail::read_home(database);
  const auto claim = [&](HomeDatabase home) {
    calls.broker.claim_home({.databases = {std::move(home)}, .adopt = true}, support::kMail);
  };
  const auto refusal = [&]() -> std::string {
    try {
      operate::purge(servers, "mail", true);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "none";
  };
  claim({"default", "another-token", "staging at db"});
  EXPECT_THAT(refusal(), AllOf(HasSubstr("rows of queue 'mail' stay"), HasSubstr("staging at db"),
                               HasSubstr("aftercommit adopt --queue mail")));
  claim({"default", here.token, "the original", "1/2/aftercommit"});
  EXPECT_THAT(refusal(), HasSubstr("the original")) << "this is a copy";
  claim({"reports", "another-token", "reports at db"});
  EXPECT_THAT(refusal(), HasSubstr("nobody has served it from 'default'"));
  EXPECT_EQ(operate::purge(servers, "mail", false).rows, 0U) << "that deletes no row, and needs no home";
  EXPECT_EQ(calls.counts().ready, 1);
  auto other_name = here;
  other_name.alias = "shop";
  claim(other_name);
  EXPECT_EQ(operate::purge(servers, "mail", true).rows, 1U) << "the same database under another name";
}

TEST_F(OperatorsJobs, StayWhereThisRedisKnowsNobodyWhoHasServedTheQueueAndTheDatabaseDoes) {
  durable(1);
  detail::enter_app(database, {.app = "shop", .tasks = {"receipt"}}, support::kMail);
  EXPECT_THROW(operate::purge(servers, "mail", true), UsageError);
  EXPECT_EQ(calls.counts().ready, 1);
  operate::adopt(servers, "mail");
  EXPECT_EQ(operate::purge(servers, "mail", true).rows, 1U);
}

TEST_F(OperatorsJobs, ThatStayDeadAreAllCountedAndOnlyTheFirstOfManyNamed) {
  redis.ask("EVAL", "for i = 1, 1005 do redis.call('ZADD', KEYS[1], i, 'no letter ' .. i) end", "1",
            redis.mail().dead);
  const auto change = operate::retry_dead(servers, {});
  EXPECT_EQ(change.stays, 1005U);
  EXPECT_THAT(change.stay, SizeIs(operate::DeadChange::kNamed));
}

TEST_F(OperatorsJobs, ThatNameNoDatabaseStayInRedisWhereAPurgeIsGivenOnlyAnotherThanTheDefault) {
  Envelope job{.id = JobId::generate()};
  job.task = "receipt";
  job.args = nlohmann::json::array();
  job.queue = "mail";
  job.durable = true;
  job.enqueued_at = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  const Outgoing outgoing{.queue = "mail", .payload = encode(job), .durable = job.id};
  calls.broker.enqueue({&outgoing, 1}, 5s);
  auto elsewhere = shop();
  elsewhere.database_urls = {{"reports", schema().url()}};
  elsewhere.only = {"reports"};
  operate::Servers reports{elsewhere};
  EXPECT_EQ(operate::purge(reports, "mail", true).stay, 1U) << "who knows where its row is";
  EXPECT_EQ(calls.counts().ready, 1);
  EXPECT_EQ(operate::purge(servers, "mail", true).copies, 1U) << "its row is gone";
}

TEST_F(OperatorsJobs, ThatAreDeadAreRetriedByTheirErrorInBatchesAndOnlyRehearsedIfAsked) {
  for (long i = 0; i < 3; ++i) durable(i), die("no route to host");
  durable(3);
  const auto other_error = die("no such order").str();
  other(5), die("no such order");
  other(4), die("no route to host");
  const operate::DeadSelection selection{.filter = {.error = "route to"}};
  std::size_t told = 0;
  const operate::ChangeOptions rehearse{.rehearse = true, .progress = [&](const auto&) { ++told; }};
  EXPECT_EQ(operate::retry_dead(servers, selection, rehearse).changed, 4U);
  EXPECT_GT(told, 0U);
  EXPECT_EQ(operate::newest_dead(servers, {}, 50).jobs.size(), 6U);

  const auto done = operate::retry_dead(servers, selection);
  EXPECT_EQ(done.changed, 4U);
  EXPECT_EQ(done.left_to_relay, 0U);
  EXPECT_EQ(calls.counts().ready, 4);
  const auto left = operate::newest_dead(servers, {}, 50);
  ASSERT_THAT(left.jobs, SizeIs(2));
  EXPECT_TRUE(left.jobs[0].id == other_error || left.jobs[1].id == other_error);

  const operate::DeadSelection old{.filter = {.before = std::chrono::system_clock::now() - 1h}};
  EXPECT_EQ(operate::delete_dead(servers, old).changed, 0U);
  EXPECT_EQ(operate::delete_dead(servers, {}, {.goes_on = [] { return false; }}).changed, 0U);
  EXPECT_EQ(operate::delete_dead(servers, {}).changed, 2U);
}

TEST_F(OperatorsJobs, ThatAreDeadAreListedPageByPageFromAllPlacesEachOnce) {
  std::vector<std::string> expected;
  for (long i = 0; i < 4; ++i) {
    durable(i);
    expected.insert(expected.begin(), die().str());
    other(i);
    expected.insert(expected.begin(), die().str());
  }
  const auto listed = [&](const operate::DeadFilter& filter, const operate::LookBounds& bounds) {
    std::vector<std::string> found;
    std::string after;
    do {
      const auto page = operate::newest_dead(servers, filter, 3, after, bounds);
      for (const auto& dead : page.jobs) found.push_back(dead.id);
      after = page.next;
    } while (!after.empty());
    std::ranges::sort(found);
    return found;
  };
  std::ranges::sort(expected);
  EXPECT_EQ(listed({}, {}), expected);
  EXPECT_EQ(listed({.task = "receipt"}, {.rows = 2}), expected);
  EXPECT_THROW(operate::newest_dead(servers, {}, 3, "nonsense"), UsageError);
}

}  // namespace
}  // namespace aftercommit
