/// What holds a job back, and how it stands aside.
#include "worker/gate/gate.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/testing.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

constexpr std::chrono::milliseconds kGrace = 60s;

/// Of a worker that has tasks, the database "shop", and "reports", which is away.  No server is asked.
class GateTest : public ::testing::Test {
 protected:
  GateTest() {
    app.task<>("run").run([] {});
    app.task<>("declared");
    app.task<>("bare", {.transactional = false}).run([] {});
    app.task<>("strange", {.database = "elsewhere"}).run([] {});
    events.add(told);
    lease.renewed(HeldLease::Clock::now(), true);
    Preparations away;
    away[&app.database("reports")] = [] { throw DatabaseUnavailable{"it is away"}; };
    gate.emplace(app, home, lease, running, locked, cancels, events, kGrace, std::move(away));
  }

  std::optional<Hold> hold(const Envelope& job) { return gate->hold(candidate_of(app, job)); }
  std::optional<Settlement> aside(const Envelope& job) {
    return gate->aside({.queue = "mail", .entry = "1-0", .payload = encode(job)}, candidate_of(app, job));
  }
  static Envelope job(const std::string& task, const std::string& database = "shop") {
    return {.id = JobId::generate(), .task = task, .queue = "mail", .database = database};
  }
  static Envelope durable(Envelope job) {
    job.durable = true;
    return job;
  }
  Envelope expired(Envelope job) {
    job.expires_at = clock.now() - 1s;
    return job;
  }

  /// Keeps what was put aside.
  class Told final : public Listener {
   public:
    void on(const Event& event) override {
      if (const auto* const aside = std::get_if<JobPutAside>(&event)) {
        reasons.emplace_back(aside->reason);
        firsts.push_back(aside->first);
      }
    }
    std::vector<std::string> reasons;
    std::vector<bool> firsts;
  };

  testing::ManualClock clock;
  App app{"gate_test",
          {.redis_url = "memory://gate_test",
           .databases = {{"shop", {.url = "postgresql://nobody@127.0.0.1:1/shop"}},
                         {"reports", {.url = "postgresql://nobody@127.0.0.1:1/reports"}}},
           .clock = &clock}};
  Told told;
  Events events;
  HeldLease lease{1h};
  Home home{app, {"mail"}, true};
  RunningJobs running;
  CancelRequests cancels;
  LockedJobs locked;
  std::optional<Gate> gate;  // last: its threads use the others
};

TEST_F(GateTest, HoldsNoJobBackThatHasAllItNeeds) {
  EXPECT_FALSE(hold(job("run")));
  EXPECT_FALSE(hold(durable(job("run"))));
  EXPECT_FALSE(hold(job("bare", ""))) << "which needs no database";
  EXPECT_FALSE(hold(job("bare", "reports"))) << "nor the one that it names";
}

TEST_F(GateTest, HoldsAJobBackForItsDatabase) {
  EXPECT_EQ(hold(job("run", "reports")), Hold::kDatabaseAway);
  EXPECT_EQ(hold(durable(job("bare", "reports"))), Hold::kDatabaseAway) << "where its row is";
  EXPECT_EQ(hold(job("run", "elsewhere")), Hold::kUnknownDatabase);
  EXPECT_EQ(hold(durable(job("later", "elsewhere"))), Hold::kUnknownDatabase);
}

TEST_F(GateTest, LetsAJobTellThatItsTaskNamesWhatThisWorkerDoesNotHave) {
  EXPECT_FALSE(hold(job("strange", "")));
}

TEST_F(GateTest, HoldsAJobBackForItsTask) {
  EXPECT_EQ(hold(job("later")), Hold::kUnknownTask);
  EXPECT_EQ(hold(job("declared")), Hold::kNoBody);
}

TEST_F(GateTest, HoldsBackWhatHasExpired) {
  EXPECT_EQ(hold(expired(job("run"))), Hold::kExpired);
  EXPECT_EQ(hold(expired(durable(job("run")))), Hold::kExpired);
  EXPECT_EQ(hold(expired(job("later"))), Hold::kExpired) << "it is not waited for its task";
  EXPECT_EQ(hold(expired(job("run", "reports"))), Hold::kExpired) << "nor for its database";
  EXPECT_EQ(hold(expired(durable(job("run", "reports")))), Hold::kDatabaseAway) << "but for its row";
}

TEST_F(GateTest, WithoutALeaseHoldsDurableJobsBack) {
  HeldLease none{1h};
  gate.reset();
  gate.emplace(app, home, none, running, locked, cancels, events, kGrace, Preparations{});
  EXPECT_EQ(hold(durable(job("run"))), Hold::kNoLease);
  EXPECT_EQ(hold(expired(durable(job("run")))), Hold::kNoLease) << "others may have dropped it";
  EXPECT_FALSE(hold(job("run")));
  gate.reset();  // before the lease
}

TEST_F(GateTest, PutsJobsAsideForADatabaseAsTheyCame) {
  const auto away = durable(job("run", "reports"));
  const auto settlement = aside(away);
  ASSERT_TRUE(settlement);
  EXPECT_EQ(settlement->kind, Settlement::Kind::kAside);
  EXPECT_EQ(settlement->reason, "database:reports");
  EXPECT_EQ(settlement->payload, encode(away));
  EXPECT_THAT(told.firsts, ElementsAre(false)) << "its watch tells of it";
}

TEST_F(GateTest, PutsJobsAsideForATaskAsLongAsItsGraceAndSaysSoOnce) {
  const auto settlement = aside(job("later"));
  ASSERT_TRUE(settlement);
  EXPECT_EQ(settlement->reason, "task:later");
  EXPECT_EQ(settlement->countdown, kGrace);
  const auto kept = std::get<Envelope>(decode(settlement->payload, app.options().payload_limit));
  EXPECT_TRUE(kept.unknown_since) << "so that the next worker knows how long it has waited";
  EXPECT_TRUE(aside(job("later")));
  EXPECT_TRUE(aside(job("declared")));
  EXPECT_THAT(told.reasons, ElementsAre("task:later", "task:later", "task:declared"));
  EXPECT_THAT(told.firsts, ElementsAre(true, false, true));
  auto for_long = job("later");
  for_long.unknown_since = clock.now() - kGrace;
  EXPECT_FALSE(aside(for_long));
}

TEST_F(GateTest, PutsNoJobAsideForWhatConcernsItAlone) {
  EXPECT_FALSE(aside(expired(job("run"))));
  EXPECT_FALSE(aside(job("run")));
  EXPECT_THAT(told.reasons, ElementsAre());
}

}  // namespace
}  // namespace aftercommit::worker
