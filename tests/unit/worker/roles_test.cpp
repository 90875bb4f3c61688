/// The list of a worker's roles: their order, their end, and what the watchdog sees of them.
#include "worker/roles/roles.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using support::eventually;
using ::testing::ElementsAre;
using End = Roles::End;
using Notes = std::vector<std::string>;

/// Notes when it begins and ends.
class Noted {
 public:
  Noted(std::string name, Notes& notes) : name_{std::move(name)}, notes_{notes} {
    notes_.push_back(name_ + " begins");
  }
  ~Noted() { notes_.push_back(name_ + " ends"); }
  Noted(const Noted&) = delete;
  Noted& operator=(const Noted&) = delete;

  RoleThread& thread() noexcept { return thread_; }

 private:
  const std::string name_;
  Notes& notes_;
  RoleThread thread_{{"noting"}, [](const std::stop_token&) { return 24h; }};
};

struct Counts {
  std::atomic<int> steps{0};
  std::atomic<bool> ended{false};
};

class Counting {
 public:
  explicit Counting(Counts& counts)
      : thread_{{"counting"},
                [&counts](const std::stop_token&) {
                  ++counts.steps;
                  return 1ms;
                },
                [&counts](const std::stop_token&) { counts.ended = true; }} {}

  RoleThread& thread() noexcept { return thread_; }

 private:
  RoleThread thread_;
};

bool goes_on(const Counts& counts) {
  const int before = counts.steps;
  return eventually([&] { return counts.steps > before + 1; });
}

TEST(Roles, BeginAsTheyAreAddedAndEndInTheReverseOrder) {
  Notes notes;
  {
    Roles roles;
    roles.add<Noted>({.end = End::kFirst}, "ann", notes);
    roles.add<Noted>({.end = End::kLast}, "bob", notes);
    roles.add<Noted>({.end = End::kFirst}, "cid", notes);
    roles.stop(End::kFirst);
  }
  EXPECT_THAT(notes,
              ElementsAre("ann begins", "bob begins", "cid begins", "cid ends", "bob ends", "ann ends"));
}

TEST(Roles, AreStoppedWithThoseOfTheSameEndAlone) {
  Counts first;
  Counts fetching;
  Counts last;
  Roles roles;
  roles.add<Counting>({.end = End::kLast}, last);
  roles.add<Counting>({.end = End::kFetching}, fetching);
  roles.add<Counting>({.end = End::kFirst}, first);

  roles.request_stop(End::kFirst);
  EXPECT_TRUE(eventually([&] { return first.ended.load(); }));
  EXPECT_TRUE(goes_on(fetching));
  roles.stop(End::kFetching);
  EXPECT_TRUE(fetching.ended) << "it is waited for";
  roles.stop(End::kSettled);  // none is
  EXPECT_TRUE(goes_on(last));
}

TEST(Roles, AreWatchedUnderTheNameThatTheirPlaceGives) {
  using Why = Watchdog::Cause;
  Counts counts;
  std::atomic<bool> in_vain{false};
  Roles roles;
  roles.add<Counting>({.end = End::kLast}, counts);
  roles.add<Counting>({.end = End::kLast, .watched_as = "scheduler"}, counts);
  roles.add<Counting>(
      {.end = End::kLast, .watched_as = "fetcher", .waits_in_vain = [&] { return in_vain.load(); }}, counts);

  const auto watched = roles.watched();
  ASSERT_EQ(watched.size(), 2U);
  EXPECT_EQ(watched[0].name, "scheduler");
  EXPECT_EQ(watched[0].cause(Phase::kAtWork), Why::kOurs);
  EXPECT_EQ(watched[0].cause(Phase::kWaiting), Why::kNone);
  const auto state = watched[0].progress->state();
  EXPECT_TRUE(eventually([&] { return watched[0].progress->state() != state; }));
  EXPECT_EQ(watched[1].name, "fetcher");
  EXPECT_EQ(watched[1].cause(Phase::kAtWork), Why::kOurs);
  EXPECT_EQ(watched[1].cause(Phase::kWaiting), Why::kNone);
  in_vain = true;
  EXPECT_EQ(watched[1].cause(Phase::kWaiting), Why::kOurs) << "there would be something to do";
}

TEST(Roles, OfSomebodyElseAreWatchedAndOutliveTheList) {
  Counts counts;
  Counting other{counts};
  {
    Roles roles;
    roles.list({.end = End::kLast, .watched_as = "settler"}, other.thread());
    const auto watched = roles.watched();
    ASSERT_EQ(watched.size(), 1U);
    EXPECT_EQ(watched[0].progress, &other.thread().progress());
  }
  EXPECT_TRUE(goes_on(counts));
}

}  // namespace
}  // namespace aftercommit::worker
