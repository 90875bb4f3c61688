/// Producers that are killed at every step of a transaction, and commits whose answer is lost.
#include <gtest/gtest.h>

#include <csignal>
#include <random>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

class ProducerFault : public FaultTest {};

class ProducerKillAt : public ProducerFault, public ::testing::WithParamInterface<const char*> {};

TEST_P(ProducerKillAt, LosesNoDurableJobAndRunsNoneOfARolledBackTransaction) {  // P1, P6
  long first = kFirst;
  for (int nth = 1; nth <= 6; ++nth, first += 100) {
    auto& producer = start_producer(
        first, 100,
        {{"AFTERCOMMIT_FAIL_POINT", std::string{GetParam()} + ":kill@" + std::to_string(nth * nth)}});
    EXPECT_EQ(producer.exit_code(), kKilled) << "it never came there " << nth * nth << " times";
  }
  start_worker();
  expect_promises_kept();
}

INSTANTIATE_TEST_SUITE_P(Steps, ProducerKillAt,
                         ::testing::Values("client.before_commit", "client.after_commit",
                                           "client.after_push"),
                         [](const auto& test) {
                           const std::string point{test.param};
                           return point == "client.before_commit"  ? "BeforeCommit"
                                  : point == "client.after_commit" ? "AfterCommit"
                                                                   : "AfterPush";
                         });

TEST_F(ProducerFault, KilledAtEachMessageItSendsLosesAndInventsNothing) {  // P1, P6
  start_worker();
  int kills = 0;
  long first = kFirst;
  for (int nth = 1; nth < 500; ++nth, first += 10) {
    auto& producer = start_producer(
        first, 3, {},
        {"/usr/bin/env", "ASAN_OPTIONS=detect_leaks=0", "strace", "-f", "-qq", "-o", "/dev/null", "-e",
         "trace=sendto", "-e", "inject=sendto:signal=KILL:when=" + std::to_string(nth)});
    const auto code = producer.exit_code();
    if (code == 0) break;
    ASSERT_EQ(code, kKilled) << producer.log();
    ++kills;
  }
  EXPECT_GE(kills, 10) << "each transaction sends at least BEGIN, a row, COMMIT and its jobs";
  expect_promises_kept();
}

TEST_F(ProducerFault, KilledWhileItsCommitHangsLeavesTheDecisionToTheDatabase) {  // P1, P6
  postgres.make_commits_hang();
  auto& producer = start_producer(kFirst, 1);
  long number = 0;  // of a transaction that means to commit
  while (!eventually(
      [&] { return count("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'") == 1; },
      500ms)) {
    ASSERT_LT(++number, 20);
    if (!producer.runs()) start_producer(kFirst + number, 1);
  }
  programs.back().signal(SIGKILL);
  EXPECT_EQ(programs.back().exit_code(), kKilled);
  postgres.let_commits_end();
  EXPECT_TRUE(eventually([&] { return count("SELECT count(*) FROM biz") == 1; })) << "it stands";
  start_worker();
  expect_promises_kept();
}

TEST_F(ProducerFault, WithOnCommitJobsLosesAtMostThoseOfTheTransactionsItDiedIn) {  // P1
  long first = kFirst;
  constexpr int kKills = 8;
  for (int i = 0; i < kKills; ++i, first += 100) {
    auto& producer = start_producer(
        first, 100, {{"FAULT_ALL_ON_COMMIT", "1"}, {"AFTERCOMMIT_FAIL_POINT", "client.after_commit:kill@3"}});
    EXPECT_EQ(producer.exit_code(), kKilled);
  }
  start_worker();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_GT(findings.explained, 0u) << "no kill came between the commit and the push";
  EXPECT_LE(findings.explained, 3u * kKills) << "a transaction has three jobs at most";
}

TEST_F(ProducerFault, WithoutRedisCommitsAndSaysWhichOnCommitJobsWereNotSent) {  // P10
  redis.kill();
  std::string durable;
  EXPECT_EQ(transact([&](Transaction&, Intent& intent) { durable = ask(intent, tasks.ok, {}, 1L).id; }),
            Outcome::kOk);
  EXPECT_EQ(transact([&](Transaction&, Intent& intent) {
              ask(intent, tasks.ok, {.delivery = Delivery::kOnCommit}, 2L);
            }),
            Outcome::kUnsent);
  redis.start();
  start_worker();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << findings.text();
  EXPECT_EQ(findings.explained, 1u);
  EXPECT_EQ(effects_of(durable), 1);
}

/// Savepoints within savepoints, drawn at random: each keeps or drops what was asked for in it.
class Tree {
 public:
  Tree(const FaultTasks& tasks, std::mt19937_64& random, Intent& intent)
      : tasks_{tasks}, random_{random}, intent_{intent} {}

  void grow(int depth) {
    for (long left = between(1, 3); left > 0; --left) {
      const auto what = between(0, 9);
      if (what < 6 || depth == 0) ask_some();
      if (what >= 6 && depth > 0) branch(depth - 1, what < 8);
    }
  }

 private:
  struct Thrown {};

  void branch(int depth, bool kept) {
    const auto from = intent_.jobs.size();
    try {
      tasks_.app.database().atomic([&] {
        grow(depth);
        if (!kept) throw Thrown{};
      });
    } catch (const Thrown&) {
      for (auto i = from; i < intent_.jobs.size(); ++i) intent_.jobs[i].rolled_back = true;
    }
  }

  void ask_some() {
    CallOptions options;
    if (between(0, 3) == 0) options.delivery = Delivery::kOnCommit;
    if (between(0, 4) > 0) {
      ask(intent_, tasks_.ok, options, between(0, kSlots - 1));
      return;
    }
    const auto asked = now_ms();
    const std::vector<TaskCall<long>> calls{{0L}, {1L}, {2L}};
    for (const auto& id : tasks_.ok.apply_async_many(options, calls)) {
      intent_.jobs.push_back({.id = id.str(), .task = "ok", .durable = !options.delivery, .asked_ms = asked});
    }
  }

  long between(long least, long most) { return std::uniform_int_distribution<long>{least, most}(random_); }

  const FaultTasks& tasks_;
  std::mt19937_64& random_;
  Intent& intent_;
};

TEST_F(ProducerFault, OfAnyKindOfSavepointRunsExactlyWhatWasKept) {  // P1
  std::mt19937_64 random{site.seed};
  for (int i = 0; i < 150; ++i) {
    const bool commits = std::uniform_int_distribution<>{0, 3}(random) > 0;
    transact([&](Transaction&, Intent& intent) { Tree{tasks, random, intent}.grow(5); }, commits);
  }
  start_worker();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0u) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  EXPECT_EQ(findings.explained, 0u);
  EXPECT_EQ(findings.effects, findings.jobs);
}

}  // namespace
}  // namespace aftercommit::fault
