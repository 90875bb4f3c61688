/// Wrong designs: each must be noticed, or the scenarios prove little.
#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <latch>
#include <optional>
#include <thread>

#include "fault/harness/fault_fixture.hpp"
#include "fault/mutants/wrong_statements.hpp"
#include "support/servers/postgres_proxy.hpp"

namespace aftercommit::fault {
namespace {

/// One scenario a mutant; each is run with it and without.  All workers ask PostgreSQL through a proxy, which
/// makes of their statements those of the mutant.
class Mutant : public FaultTest, public ::testing::WithParamInterface<const char*> {
 protected:
  using Environment = std::map<std::string, std::string>;

  Environment through_the_proxy(Environment more = {}) const {
    more.emplace("DATABASE_URL", proxy_->url());
    return more;
  }
  Worker& start(std::vector<std::string> options = {}) {
    return start_worker({.options = std::move(options), .environment = through_the_proxy()});
  }
  /// Until it dies at this point.
  Start doomed_at(const std::string& point) const {
    return {.environment = through_the_proxy({{"AFTERCOMMIT_FAIL_POINT", point + ":kill"}}), .wait = false};
  }

  // --- The scenarios: what they find must be nothing, but for the mutant.

  /// A relay brings jobs, and another one dies in the midst of it.
  std::vector<std::string> relayed() {
    for (long slot = 0; slot < 4; ++slot) {
      transact([&](Transaction& tx, Intent& intent) { ask_by_sql(tx, intent, "ok", "[1]"); });
    }
    EXPECT_EQ(start_relay(doomed_at("relay.after_push")).exit_code(), kKilled);
    start();
    return found().lost;
  }

  /// A worker dies between its COMMIT and its acknowledgement.
  std::vector<std::string> unacknowledged() {
    transact([&](Transaction&, Intent& intent) { ask(intent, tasks.ok, {}, 1L); });
    auto& doomed = start_worker(doomed_at("worker.after_commit"));
    EXPECT_EQ(doomed.exit_code(), kKilled);
    start();
    return found().doubled;
  }

  /// A job is delivered to two executors at the same time.
  std::vector<std::string> delivered_twice_at_once() {
    HeldKey key{postgres.url(), 3};
    std::string job;
    transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.locked, {}, 1L, 3L).id; });
    const auto envelope =
        site.ask("SELECT envelope FROM aftercommit.job WHERE id = '" + job + "'")[0][0].as<std::string>();
    ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "e", envelope});
    auto& worker = start();
    EXPECT_TRUE(eventually([&] {
      return runs_of(job).size() == 2 ||
             worker.count("job put off: another transaction has it right now") > 0;
    })) << worker.log();
    key.release();
    return found().doubled;
  }

  /// A worker that was taken for dead reports the failure of an attempt that has long been counted.
  std::vector<std::string> late_failure() {
    const auto go = (site.folder / "go").string();
    auto& frozen = start({"--concurrency", "1"});
    std::string job;
    transact([&](Transaction&, Intent& intent) { job = ask(intent, tasks.fail_late, {}, 1L, go).id; });
    EXPECT_TRUE(eventually([&] { return std::filesystem::exists(go + ".first"); }));
    frozen.freeze();
    EXPECT_NE(eventually_stopped(), 0);
    start();
    EXPECT_TRUE(eventually([&] {
      return count("SELECT coalesce(max(attempt), 0) FROM aftercommit.job WHERE id = '" + job + "'") == 3;
    }));
    std::ofstream{go};
    frozen.signal(SIGCONT);
    auto reruns = found(20s).reruns;
    // That the first attempt was started by both is how it should be.
    std::erase_if(reruns,
                  [](const std::string& rerun) { return rerun.find("attempt 1") != std::string::npos; });
    return reruns;
  }

  /// A worker dies while it makes delayed jobs ready.
  std::vector<std::string> promoted_by_the_dying() {
    // A push after its countdown makes a job ready at once, and leaves nothing to promote.
    constexpr auto kLongerThanAPush = 2s;
    transact([&](Transaction&, Intent& intent) {
      ask(intent, tasks.ok, {.countdown = kLongerThanAPush}, 1L);
      ask(intent, tasks.ok, {.countdown = kLongerThanAPush, .delivery = Delivery::kOnCommit}, 2L);
    });
    EXPECT_TRUE(eventually([&] { return ask_redis_number(redis, {"ZCARD", "ac:{load}:delayed"}) == 2; }));
    auto& doomed = mutant_ ? start_two_call_promoter() : start_worker(doomed_at("scheduler.after_promote"));
    EXPECT_EQ(doomed.exit_code(), kKilled);
    start();
    const auto findings = found();
    return findings.lost.empty() ? findings.left_over : findings.lost;
  }

  /// A row becomes visible after later ones have been brought.
  std::vector<std::string> late_commit() {
    start();
    std::latch inserted{1};
    std::latch may_commit{1};
    std::jthread slow_producer{[&] {
      transact([&](Transaction& tx, Intent& intent) {
        ask_by_sql(tx, intent, "ok", "[0]");
        inserted.count_down();
        may_commit.wait();
      });
    }};
    inserted.wait();
    for (int i = 0; i < 5; ++i) {
      transact([&](Transaction& tx, Intent& intent) { ask_by_sql(tx, intent, "ok", "[1]"); });
    }
    EXPECT_TRUE(eventually([&] { return effects() == 5; }));
    may_commit.count_down();
    slow_producer.join();
    auto findings = found();
    std::ranges::move(findings.left_over, std::back_inserter(findings.lost));
    return findings.lost;
  }

  /// A flow is delivered to two workers, of which one is in the midst of a step.
  std::vector<std::string> step_delivered_twice() {
    auto& first =
        start_worker({.options = {"--concurrency", "1", "--lease", "60"},
                      .environment = through_the_proxy({{"AFTERCOMMIT_FAIL_POINT", "flow.after_run:stop"}}),
                      .wait = false});
    const auto flow = tasks.steps.delay(2L);
    EXPECT_NE(eventually_stopped(), 0) << first.log();
    const auto envelope = site.ask("SELECT envelope FROM aftercommit.job")[0][0].as<std::string>();
    ask_redis(redis, {"XADD", "ac:{load}:stream", "*", "e", envelope});
    auto& second = start();
    EXPECT_TRUE(eventually([&] {
      return count("SELECT count(*) FROM flow_effect") > 0 ||
             second.count("job put off: another transaction has it right now") > 0;
    })) << second.log();
    first.signal(SIGCONT);
    EXPECT_TRUE(eventually([&] { return site.idle(); }));
    std::vector<std::string> twice;
    for (const auto& row : site.ask("SELECT step FROM flow_effect GROUP BY flow, step HAVING count(*) > 1")) {
      twice.push_back("step " + row[0].as<std::string>() + " of flow " + flow.str() + " was done twice");
    }
    EXPECT_EQ(count("SELECT count(DISTINCT step) FROM flow_effect"), 2);
    return twice;
  }

  std::vector<std::string> run_scenario_of(const std::string& name) {
    if (name == "relay_deletes_before_push") return relayed();
    if (name == "no_guard") return unacknowledged();
    if (name == "check_then_act") return delivered_twice_at_once();
    if (name == "unfenced_retry") return late_failure();
    if (name == "promote_in_two_calls") return promoted_by_the_dying();
    if (name == "no_step_guard") return step_delivered_twice();
    if (name == "cursor_by_highest_xid") return late_commit();
    return {"there is no scenario for it"};
  }

  /// What the scenario notices in the right design, or in the one that is called so.
  std::vector<std::string> found_in(const std::string& mutant, bool right) {
    mutant_ = !right;
    proxy_.emplace(postgres, right ? std::vector<support::ChangedStatement>{} : wrong_statements(mutant));
    auto findings = run_scenario_of(mutant);
    EXPECT_TRUE(proxy_->has_made_all_changes()) << "the scenario does not come to what is wrong";
    return findings;
  }

 private:
  Worker& start_two_call_promoter() {
    return programs.emplace_back(
        std::vector<std::string>{AFTERCOMMIT_TWO_CALL_PROMOTER},
        site.environment({{"AFTERCOMMIT_FAIL_POINT", "promoter.between_calls:kill"}}));
  }
  /// What is right is waited for; what a mutant has lost would not come.
  Findings found(std::chrono::milliseconds patience = 6s) { return settle(mutant_ ? patience : 40s); }

  bool mutant_ = false;
  std::optional<support::PostgresProxy> proxy_;
};

TEST_P(Mutant, IsKilled) {
  EXPECT_FALSE(found_in(GetParam(), false).empty()) << "the scenario does not notice it";
}

TEST_P(Mutant, IsTheOnlyThingItsScenarioNotices) {
  const auto found = found_in(GetParam(), true);
  EXPECT_TRUE(found.empty()) << found.front();
}

INSTANTIATE_TEST_SUITE_P(Of, Mutant,
                         ::testing::Values("relay_deletes_before_push", "no_guard", "check_then_act",
                                           "unfenced_retry", "promote_in_two_calls", "cursor_by_highest_xid",
                                           "no_step_guard"),
                         [](const auto& test) { return std::string{test.param}; });

}  // namespace
}  // namespace aftercommit::fault
