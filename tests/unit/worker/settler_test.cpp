/// What is settled goes to the broker in batches.
#include "worker/roles/settler.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// Of the settle() calls: how many settlements each held, and when it came.
class Calls {
 public:
  void add(std::size_t settlements) {
    const std::lock_guard lock{mutex_};
    sizes_.push_back(settlements);
    settled_ += settlements;
    last_ = steady_clock::now();
  }
  std::vector<std::size_t> take() {
    const std::lock_guard lock{mutex_};
    settled_ = 0;
    return std::exchange(sizes_, {});
  }
  std::size_t settled() const {
    const std::lock_guard lock{mutex_};
    return settled_;
  }
  steady_clock::time_point last() const {
    const std::lock_guard lock{mutex_};
    return last_;
  }

 private:
  mutable std::mutex mutex_;  // protects what follows
  std::vector<std::size_t> sizes_;
  std::size_t settled_ = 0;
  steady_clock::time_point last_;
};

[[noreturn]] void not_expected() { throw std::logic_error{"a settler does not ask for this"}; }

/// Settles all it is asked to.
class CountingBroker final : public Broker {
 public:
  explicit CountingBroker(Calls& calls) : calls_{calls} {}

  std::vector<Settled> settle(const WorkerId&, std::span<const Settlement> settlements) override {
    calls_.add(settlements.size());
    return std::vector<Settled>(settlements.size(), Settled::kDone);
  }

  void enqueue(std::span<const Outgoing>, Millis) override { not_expected(); }
  std::vector<Fetched> fetch(const WorkerId&, std::span<const Queue>, std::size_t, Millis) override {
    not_expected();
  }
  Promotion promote(std::span<const Queue>, std::size_t) override { not_expected(); }
  bool await_schedule(std::span<const Queue>, Millis) override { not_expected(); }
  std::vector<AsideJobs> aside(std::span<const Queue>) override { not_expected(); }
  std::vector<AsideJobs> limited(std::span<const Queue>, std::size_t) override { not_expected(); }
  std::size_t bring_back(const Queue&, const std::string&, std::size_t, bool) override { not_expected(); }
  std::vector<Lease> renew_lease(const WorkerId&, std::span<const Queue>, Millis) override { not_expected(); }
  void report(const WorkerId&, const Queue&, const std::string&, Millis) override { not_expected(); }
  std::vector<LeaseView> leases(std::span<const Queue>, Millis) override { not_expected(); }
  std::size_t recover(const WorkerId&, std::span<const Queue>, std::size_t, const std::string&) override {
    not_expected();
  }
  std::vector<Fetched> held_by(const WorkerId&, const Queue&, std::span<const std::string>) override {
    not_expected();
  }
  void retire(const WorkerId&, std::span<const Queue>) override { not_expected(); }
  std::vector<std::vector<HomeFinding>> claim_home(const HomeClaim&, std::span<const Queue>) override {
    not_expected();
  }
  std::vector<HomeDatabase> home_of(const Queue&) override { not_expected(); }
  void declare_queues(std::span<const DeclaredQueue>, Millis) override { not_expected(); }
  std::vector<std::string> relay_cursors(std::string_view, std::span<const Queue>) override {
    not_expected();
  }
  std::vector<std::string> relay_sources(const Queue&) override { not_expected(); }
  void forget_relay_sources(const Queue&, std::span<const std::string>) override { not_expected(); }
  bool relay(const RelayStep&) override { not_expected(); }
  std::vector<bool> has_durable(const Queue&, std::span<const JobId>) override { not_expected(); }
  bool pause(const Queue&) override { not_expected(); }
  bool resume(const Queue&) override { not_expected(); }
  std::vector<Since> paused_since(std::span<const Queue>) override { not_expected(); }
  std::vector<Queue> queues() override { not_expected(); }
  void for_each_job(const Queue&, const std::function<void(JobState, std::string_view)>&) override {
    not_expected();
  }
  void for_each_durable(const Queue&, const std::function<void(const JobId&)>&) override { not_expected(); }
  bool remove_dead_letter(const Queue&, const std::string&, const Outgoing*) override { not_expected(); }
  QueueCounts counts(const Queue&) override { not_expected(); }
  std::vector<DeadLetterEntry> dead_letters(const Queue&, std::size_t, std::size_t) override {
    not_expected();
  }
  std::vector<DeadLetterEntry> dead_letters_until(const Queue&, std::chrono::system_clock::time_point,
                                                  std::size_t, std::size_t) override {
    not_expected();
  }
  JobPage jobs(const Queue&, JobPart, const std::string&, std::size_t) override { not_expected(); }
  std::size_t remove_jobs(const Queue&, std::span<const JobEntry>,
                          std::span<const std::optional<JobId>>) override {
    not_expected();
  }
  std::vector<WorkerView> workers(const Queue&) override { not_expected(); }
  std::vector<std::string> check() override { not_expected(); }

 private:
  Calls& calls_;  // not owned, outlives this
};

class SettlerTest : public ::testing::Test {
 protected:
  void settle_one() { settler.settle({.queue = "mail", .entry = std::to_string(++given_) + "-0"}); }
  bool eventually_settled(std::size_t count) {
    return support::eventually([&] { return calls.settled() == count; });
  }

  Calls calls;
  InHand in_hand;
  Settler settler{std::make_unique<CountingBroker>(calls), "ann", in_hand};

 private:
  int given_ = 0;
};

/// How long the first one waits for others.
constexpr auto kGathers = 1ms;

TEST_F(SettlerTest, SettlesInOneCallWhatEndsWithinAMillisecond) {
  constexpr std::size_t kJobs = 50;
  constexpr auto kSpread = kGathers / 2;
  int rounds = 0;
  // A machine with more to do may hold us up; what came later than that may well be in another call.
  for (int round = 0; round < 200 && rounds < 10; ++round) {
    const auto begin = steady_clock::now();
    for (std::size_t i = 0; i < kJobs; ++i) {
      while (steady_clock::now() < begin + kSpread * i / kJobs) {  // as from jobs that take their time
      }
      settle_one();
    }
    const bool in_time = steady_clock::now() < begin + kGathers;
    ASSERT_TRUE(eventually_settled(kJobs));
    const auto sizes = calls.take();
    if (!in_time) continue;
    ++rounds;
    EXPECT_EQ(sizes, std::vector<std::size_t>{kJobs});
  }
  EXPECT_GT(rounds, 0) << "fifty settlements never were given within a millisecond";
}

TEST_F(SettlerTest, WaitsForOthersBeforeItSettlesOne) {
  for (int round = 0; round < 20; ++round) {
    const auto begin = steady_clock::now();
    settle_one();
    ASSERT_TRUE(eventually_settled(1));
    EXPECT_GE(calls.last() - begin, kGathers);
    calls.take();
  }
}

TEST_F(SettlerTest, SettlesEachJobOnceWhateverTheBatches) {
  constexpr std::size_t kJobs = 5000;
  for (std::size_t i = 0; i < kJobs; ++i) settle_one();
  EXPECT_TRUE(settler.flush(support::kDeadline));
  EXPECT_EQ(calls.settled(), kJobs);
}

TEST_F(SettlerTest, SettlesWhatItWasGivenBeforeItIsStopped) {
  constexpr std::size_t kJobs = 500;
  for (std::size_t i = 0; i < kJobs; ++i) settle_one();
  settler.thread().stop();
  EXPECT_EQ(calls.settled(), kJobs);
}

TEST_F(SettlerTest, HasSettledAllOnceItIsFlushed) {
  for (std::size_t jobs = 1; jobs <= 100; ++jobs) {
    settle_one();
    ASSERT_TRUE(settler.flush(support::kDeadline));
    ASSERT_EQ(calls.settled(), jobs);
  }
}

TEST_F(SettlerTest, WaitsForNoOthersOnceItIsFlushed) {
  ASSERT_TRUE(settler.flush(support::kDeadline));
  auto shortest = steady_clock::duration::max();
  for (int round = 0; round < 2000 && shortest >= kGathers; ++round) {
    const auto begin = steady_clock::now();
    settle_one();
    ASSERT_TRUE(settler.flush(support::kDeadline));
    shortest = std::min(shortest, steady_clock::now() - begin);
  }
  EXPECT_LT(shortest, kGathers);
}

}  // namespace
}  // namespace aftercommit::worker
