/// The promise under random nesting: blocks, merged blocks and savepoints five deep, each of which may fail.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::Deliberate;
using Ids = std::vector<long>;

class RandomNesting : public support::Payments, public ::testing::TestWithParam<std::string> {
 protected:
  RandomNesting() : Payments{{.redis_url = GetParam() == "Redis" ? support::fresh_redis_url() : ""}} {}

  /// What a level of the tree has done so far, by the rules of Django.
  struct Level {
    Ids kept;             // paid, and not taken back yet
    bool doomed = false;  // a merged block failed: the nearest savepoint around will roll back
  };

  bool coin() { return pick(2) == 0; }
  int pick(int count) { return std::uniform_int_distribution{0, count - 1}(random_); }

  void pay_somehow(Level& level) {
    const long id = next_id_++;
    if (coin()) {
      pay(id);
    } else {
      Transaction& tx = database.transaction();
      tx.exec("INSERT INTO payment VALUES ($1)", id);
      receipt.apply_async_many({.transaction = &tx}, {{id}});
      tx.on_commit([this, id] { note_hook(id); });
    }
    level.kept.push_back(id);
  }

  void nest(Level& level, int depth, bool merged) {
    Level inner;
    const bool fails = coin();
    try {
      database.atomic({.savepoint = !merged}, [&] {
        inner = grow(depth - 1);
        if (fails) throw Deliberate{};
      });
    } catch (const Deliberate&) {
    } catch (const TransactionManagementError&) {
      EXPECT_TRUE(inner.doomed && !merged);
    }
    if (!fails && !inner.doomed) {
      level.kept.insert(level.kept.end(), inner.kept.begin(), inner.kept.end());
    } else if (merged) {
      level.doomed = true;
    }
  }

  void savepoint_by_hand(Level& level, int depth) {
    const auto savepoint = database.savepoint();
    const Level inner = grow(depth - 1);
    if (inner.doomed) {
      level.doomed = true;
    } else if (coin()) {
      if (coin()) {
        EXPECT_ANY_THROW(database.exec("SELECT no_such_column FROM payment WHERE $1", true));
      }
      database.savepoint_rollback(savepoint);
    } else {
      database.savepoint_commit(savepoint);
      level.kept.insert(level.kept.end(), inner.kept.begin(), inner.kept.end());
    }
  }

  Level grow(int depth) {
    Level level;
    for (int steps = pick(4); steps >= 0 && !level.doomed; --steps) {
      switch (depth > 0 ? pick(5) : 0) {
        case 0:
        case 1:
          pay_somehow(level);
          break;
        case 2:
          nest(level, depth, false);
          break;
        case 3:
          nest(level, depth, true);
          break;
        default:
          savepoint_by_hand(level, depth);
      }
    }
    return level;
  }

  std::mt19937::result_type seed_ = [] {
    const char* given = std::getenv("AFTERCOMMIT_SEED");
    return given != nullptr ? static_cast<std::mt19937::result_type>(std::stoul(given))
                            : std::random_device{}();
  }();
  std::mt19937 random_{seed_};
  long next_id_ = 1;
};

INSTANTIATE_TEST_SUITE_P(Over, RandomNesting, ::testing::Values("Memory", "Redis"),
                         [](const auto& broker) { return broker.param; });

TEST_P(RandomNesting, KeepsExactlyTheRowsJobsAndHooksOfWhatWasNotRolledBack) {  // P1
  SCOPED_TRACE("AFTERCOMMIT_SEED=" + std::to_string(seed_) + " repeats this");
  Ids expected;
  for (int tree = 1; tree <= 60 && !HasFailure(); ++tree) {
    SCOPED_TRACE("tree " + std::to_string(tree));
    Level top;
    const bool fails = pick(4) == 0;
    try {
      database.atomic([&] {
        top = grow(5);
        if (fails) throw Deliberate{};
      });
    } catch (const Deliberate&) {
    } catch (const TransactionManagementError&) {
      EXPECT_TRUE(top.doomed);
    }
    if (!fails && !top.doomed) expected.insert(expected.end(), top.kept.begin(), top.kept.end());
    std::ranges::sort(expected);
    expect_paid(expected);
  }
  EXPECT_GT(next_id_, static_cast<long>(expected.size()) + 1) << "something should have been rolled back";
  EXPECT_FALSE(expected.empty());
}

}  // namespace
}  // namespace aftercommit
