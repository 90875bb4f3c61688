/// The stack of savepoints, and which hooks and jobs go with one.
#include "client/transaction/savepoints.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "aftercommit/error.hpp"

namespace aftercommit::detail {
namespace {

class SavepointStack : public ::testing::Test {
 protected:
  std::string open(std::size_t level = 1) {
    auto name = savepoints.next_name();
    savepoints.opened(name, level);
    return name;
  }
  void release(const std::string& name) { savepoints.released(savepoints.find(name, "release")); }
  void roll_back(const std::string& name) { savepoints.rolled_back(savepoints.find(name, "roll back")); }
  bool is_open(const std::string& name) {
    try {
      savepoints.find(name, "find");
      return true;
    } catch (const UsageError&) {
      return false;
    }
  }
  void add_hook(const std::string& name) {
    hooks.add_hook([this, name] { ran.push_back(name); }, false);
  }
  std::string refusal(const SavepointId& id, std::size_t level) {
    try {
      savepoints.find_own(id, 7, level, "release");
      return "none";
    } catch (const UsageError& error) {
      return error.what();
    }
  }

  CommitHooks hooks;
  std::vector<std::string> ran;
  Savepoints savepoints{hooks, "database 'default'"};
};

TEST_F(SavepointStack, GivesEachANameOfItsOwnAlsoWhenOthersAreReleased) {
  const auto first = open();
  release(first);
  EXPECT_NE(open(), first);
}

TEST_F(SavepointStack, BeginsAnewWithTheTransaction) {
  const auto first = open();
  savepoints.clear();
  EXPECT_FALSE(is_open(first));
  EXPECT_EQ(open(), first);
}

TEST_F(SavepointStack, ReleasesThoseInsideWithOne) {
  const auto outer = open();
  const auto middle = open();
  const auto inner = open();
  release(middle);
  EXPECT_TRUE(is_open(outer));
  EXPECT_FALSE(is_open(middle));
  EXPECT_FALSE(is_open(inner));
}

TEST_F(SavepointStack, KeepsTheOneThatIsRolledBackAndNoneInside) {
  const auto outer = open();
  const auto inner = open();
  roll_back(outer);
  EXPECT_TRUE(is_open(outer));
  EXPECT_FALSE(is_open(inner));
}

TEST_F(SavepointStack, DropsTheHooksSinceOneThatIsRolledBack) {
  add_hook("before");
  const auto outer = open();
  add_hook("within");
  open();
  add_hook("inside");
  roll_back(outer);
  add_hook("after");
  hooks.run();
  EXPECT_EQ(ran, (std::vector<std::string>{"before", "after"}));
}

TEST_F(SavepointStack, LeavesTheHooksOfOneThatIsReleasedToWhatIsAroundIt) {
  const auto outer = open();
  const auto inner = open();
  add_hook("inside");
  release(inner);
  EXPECT_FALSE(hooks.empty());
  roll_back(outer);
  EXPECT_TRUE(hooks.empty());
}

TEST_F(SavepointStack, RefusesOneThatIsNotOpen) {
  EXPECT_EQ(
      refusal({"s1", 7}, 1),
      "cannot release savepoint 's1' on database 'default': it does not exist, or was released or rolled "
      "back with one around it");
}

TEST_F(SavepointStack, RefusesOneOfAnotherTransactionThoughTheNameIsTheSame) {
  const auto name = open(1);
  EXPECT_EQ(refusal({name, 7}, 1), "none");
  EXPECT_NE(refusal({name, 8}, 1).find("it does not exist"), std::string::npos);
}

TEST_F(SavepointStack, RefusesOneInABlockInsideTheOneThatItWasOpenedIn) {
  const auto name = open(1);
  EXPECT_NE(refusal({name, 7}, 2).find("leave that block first"), std::string::npos);
}

}  // namespace
}  // namespace aftercommit::detail
