/// How often the promoter asks, over the one part of a broker that it uses.
#include "worker/roles/promoter.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

/// Each: after how many promotions, and for how long at most.
using Waits = std::vector<std::pair<std::size_t, Millis>>;

/// What the promoter did between the promotions that it was given, and when there were none left.
class Promotions {
 public:
  explicit Promotions(std::vector<Promotion> promotions) : promotions_{std::move(promotions)} {}

  Promotion promote() {
    const std::lock_guard lock{mutex_};
    return given_ < promotions_.size() ? promotions_[given_++] : Promotion{};
  }
  void await(Millis timeout) {
    std::unique_lock lock{mutex_};
    waits_.emplace_back(given_, timeout);
    if (given_ == promotions_.size()) never_.wait_for(lock, timeout);  // as a broker without news
  }
  Waits waits() const {
    const std::lock_guard lock{mutex_};
    return waits_;
  }

 private:
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable never_;
  std::vector<Promotion> promotions_;
  std::size_t given_ = 0;
  Waits waits_;
};

class GivenSchedule final : public DelayedJobs {
 public:
  explicit GivenSchedule(Promotions& given) : given_{given} {}

  Promotion promote(std::span<const Queue> /*queues*/, std::size_t /*limit*/) override {
    return given_.promote();
  }
  bool await_schedule(std::span<const Queue> /*queues*/, Millis timeout) override {
    given_.await(timeout);
    return false;
  }

 private:
  Promotions& given_;  // not owned, outlives this
};

/// The first waits of a promoter that is given these.
Waits first_waits(std::vector<Promotion> promotions, std::size_t count) {
  Promotions given{std::move(promotions)};
  const Promoter promoter{std::make_unique<GivenSchedule>(given), {"mail"}};
  EXPECT_TRUE(support::eventually([&] { return given.waits().size() >= count; }));
  auto waits = given.waits();
  waits.resize(count);
  return waits;
}

TEST(Promoter, WaitsForNothingWhileThereIsMoreToPromote) {
  EXPECT_EQ(first_waits({{.promoted = 100, .next_due = 0ms},
                         {.promoted = 100, .next_due = 0ms},
                         {.promoted = 3, .next_due = 40ms}},
                        1),
            (Waits{{3, 40ms}}));
}

TEST(Promoter, LooksAgainWithinHalfASecondForASignMayBeMissed) {
  EXPECT_EQ(first_waits({{.next_due = 1h}, {.promoted = 1}}, 2), (Waits{{1, 500ms}, {2, 500ms}}));
}

}  // namespace
}  // namespace aftercommit::worker
