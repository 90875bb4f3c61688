/// A standby that takes the place of its primary, under load: with commits that wait for it nothing is lost,
/// and without what PostgreSQL has lost.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "fault/harness/fault_fixture.hpp"

namespace aftercommit::fault {
namespace {

using support::Standby;

constexpr long kEndless = 900'000;  // transactions: more than a producer gets through

/// How many promotions: FAULT_PROMOTIONS, else few, for they take seconds.
int promotions() {
  const char* const given = std::getenv("FAULT_PROMOTIONS");
  return given != nullptr ? std::atoi(given) : 2;
}

/// What the guide says, where this test has the machine for itself; beside others it says nothing of the
/// time.
std::chrono::milliseconds back_within() {
  return std::getenv("FAULT_PROMOTIONS") != nullptr ? 5s : support::kDeadline;
}

class Promotion : public FaultTest {
 protected:
  explicit Promotion(Standby standby) : FaultTest{support::kKeepsData, standby} {}

  /// Two web sides, which ask for jobs all the time, and two workers.
  void start_load() {
    for (long i = 1; i <= 2; ++i) {
      webs_.push_back({.first = i * kFirst, .process = &start_producer(i * kFirst, kEndless, {}, {}, 10)});
    }
    for (int i = 0; i < 2; ++i) workers_.push_back(&start_worker());
  }
  void end_load() {
    for (auto& web : webs_) web.process->signal(SIGKILL);
    for (auto& web : webs_) EXPECT_EQ(web.process->exit_code(), kKilled);
  }

  /// From now on, is_back() is about what is committed later.
  void look() {
    since_ = site.ask("SELECT clock_timestamp()")[0][0].as<std::string>();
    for (auto& web : webs_) web.last = last_of(web.first);
  }
  /// Whether each process has committed something since: a web side a transaction, a worker an effect.
  bool all_are_back() {
    for (const auto& web : webs_) {
      if (last_of(web.first) <= web.last) return false;
    }
    for (const auto* worker : workers_) {
      if (count("SELECT count(*) FROM effect WHERE pid = " + std::to_string(worker->id()) + " AND at > '" +
                since_ + "'") == 0) {
        return false;
      }
    }
    return true;
  }
  /// How long that took; fails the test where it takes too long.
  std::chrono::milliseconds await_all() {
    const auto begun = std::chrono::steady_clock::now();
    look();
    EXPECT_TRUE(eventually([&] { return all_are_back(); }, back_within())) << who_is_missing();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begun);
  }
  void expect_no_restarts() {
    for (auto* worker : workers_) {
      EXPECT_TRUE(worker->runs());
      EXPECT_EQ(worker->times_said("\"worker started\""), 1);
    }
  }

  support::PostgresPair& pair = site.pair.value();

 private:
  struct Web {
    long first;
    Worker* process;
    long last = 0;
  };

  long last_of(long first) {
    return count("SELECT coalesce(max(tx), 0) FROM biz WHERE tx >= " + std::to_string(first) + " AND tx < " +
                 std::to_string(first + kEndless));
  }
  std::string who_is_missing() {
    std::string text;
    for (const auto& web : webs_) {
      if (last_of(web.first) <= web.last)
        text += "the web side " + std::to_string(web.first) + " is not back\n";
    }
    for (const auto* worker : workers_) text += worker->log().substr(worker->log().size() / 2) + '\n';
    return text;
  }

  std::vector<Web> webs_;
  std::vector<Worker*> workers_;
  std::string since_;
};

class PromotionOfASynchronousStandby : public Promotion {
 protected:
  PromotionOfASynchronousStandby() : Promotion{Standby::kSynchronous} {}
};

TEST_F(PromotionOfASynchronousStandby, UnderLoadLosesAndDoublesNothingAndAllComeBackByThemselves) {  // P6, P7
  start_load();
  await_all();
  std::chrono::milliseconds longest{0};
  for (int i = 0; i < promotions(); ++i) {
    pair.fail_over();
    longest = std::max(longest, await_all());
    ASSERT_FALSE(HasFailure()) << "after promotion " << i + 1;
  }
  end_load();
  expect_no_restarts();
  expect_promises_kept();
  RecordProperty("longest_ms", static_cast<int>(longest.count()));
}

class PromotionOfAnAsynchronousStandby : public Promotion {
 protected:
  PromotionOfAnAsynchronousStandby() : Promotion{Standby::kAsynchronous} {}

  bool eventually_on_standby(const std::string& sql, long value) {
    pqxx::connection connection{pair.standby().url()};
    pqxx::nontransaction session{connection};
    return eventually([&] { return session.exec(sql)[0][0].as<long>() == value; });
  }
  /// The standby gets nothing from now on, and what the primary commits is lost when that dies.
  void cut_off() { pair.standby().stop(); }
  void lose_primary() {
    pair.primary().kill();
    pair.standby().start();
    site.lossy_promotions.push_back(now_ms());
    pair.promote();
  }
};

TEST_F(PromotionOfAnAsynchronousStandby,
       UnderLoadLosesWhatPostgresqlHasLostAndRunsNoDurableJobOfIt) {  // P1, P6, P7
  start_load();
  await_all();
  cut_off();
  await_all();
  const auto before = effects();
  ASSERT_TRUE(eventually([&] { return effects() > before + 50; }));
  lose_primary();
  await_all();
  end_load();
  expect_no_restarts();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0U) << "FAULT_SEED=" << site.seed << '\n' << findings.text();
  EXPECT_GT(findings.taken_back, 0U) << "nothing was lost";
}

TEST_F(PromotionOfAnAsynchronousStandby, RunsTheOnCommitJobOfALostTransactionAndNotItsDurableOne) {  // P1
  cut_off();
  std::string durable;
  std::string on_commit;
  transact([&](Transaction&, Intent& intent) {
    durable = ask(intent, tasks.ok, {}, 0L).id;
    on_commit = ask(intent, tasks.ok, {.delivery = Delivery::kOnCommit}, 1L).id;
  });
  ASSERT_TRUE(eventually([&] {
    return ask_redis_number(redis, {"SCARD", "ac:{load}:durable"}) == 1;
  })) << "Redis has both";
  lose_primary();
  ASSERT_EQ(count("SELECT count(*) FROM biz"), 0);
  start_worker();
  EXPECT_TRUE(eventually([&] { return effects_of(on_commit) == 1; }));
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0U) << findings.text();
  EXPECT_EQ(findings.outlived, 1U);
  site.lossy_promotions.clear();
  const auto strict = check(site.evidence());
  EXPECT_EQ(strict.lied.size(), 1U) << "what the oracle allows is due to the loss";
  EXPECT_EQ(strict.ghosts.size(), 1U);
  EXPECT_EQ(runs_of(durable).size(), 0U);
}

TEST_F(PromotionOfAnAsynchronousStandby, MakesTheRelayReadTheTableAnewForJobsWhoseEndWasLost) {  // P6
  auto& worker = start_worker();
  const auto job = enqueue_one();
  ASSERT_TRUE(eventually([&] { return effects_of(job) == 1; }));
  ASSERT_TRUE(eventually_on_standby("SELECT count(*) FROM effect", 1));
  transact([&](Transaction&, Intent& intent) {
    for (long slot = 0; slot < 3; ++slot) ask(intent, tasks.ok, {.countdown = 1500ms}, slot);
  });
  ASSERT_TRUE(eventually_on_standby("SELECT count(*) FROM aftercommit.job", 3));
  cut_off();
  ASSERT_TRUE(eventually([&] { return effects() == 4; })) << "and Redis has forgotten them";
  ASSERT_TRUE(eventually([&] { return ask_redis_number(redis, {"SCARD", "ac:{load}:durable"}) == 0; }));
  lose_primary();
  ASSERT_EQ(count("SELECT count(*) FROM aftercommit.job"), 3) << "their end was lost";
  EXPECT_TRUE(eventually([&] { return effects() == 4; })) << worker.log();
  EXPECT_TRUE(worker.says("the job table was read anew")) << worker.log();
  const auto findings = settle();
  EXPECT_EQ(findings.violations(), 0U) << findings.text();
  EXPECT_EQ(runs_of(job).size(), 1U) << "its end was not lost";
}

}  // namespace
}  // namespace aftercommit::fault
