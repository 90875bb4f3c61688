/// What waits for a commit: in which order it goes out, and that one failure never keeps the rest back.
#include "client/transaction/commit_hooks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

namespace aftercommit::detail {
namespace {

using Notes = std::vector<std::string>;

class Hooks : public ::testing::Test {
 protected:
  /// Notes each batch it is given; may fail.
  struct Sender : JobSender {
    Sender(Notes& given_notes, bool given_fails) : notes{given_notes}, fails{given_fails} {}
    void send(std::vector<PendingJob> jobs) override {
      std::string batch;
      for (const auto& job : jobs) batch += job.outgoing.payload;
      notes.push_back("sent " + batch);
      if (fails) throw EnqueueError{"not sent: " + batch, {jobs.front().id}, true, false};
    }
    void send_now(std::vector<Outgoing> /*jobs*/, const std::vector<JobId>& /*ids*/) override {
      ADD_FAILURE() << "they have waited for the commit";
    }
    Notes& notes;
    const bool fails;
  };

  void add_job(const std::string& payload, const std::shared_ptr<Sender>& sender) {
    hooks.add_job(sender,
                  {.id = JobId::generate(), .outgoing = {.queue = "q", .payload = payload}, .asked_at = {}});
  }
  void add_job(const std::string& payload) { add_job(payload, working); }
  void add_hook(const std::string& name) {
    hooks.add_hook([this, name] { notes.push_back(name); }, false);
  }

  Notes notes;
  std::shared_ptr<Sender> working = std::make_shared<Sender>(notes, false);
  std::shared_ptr<Sender> broken = std::make_shared<Sender>(notes, true);
  CommitHooks hooks;
};

TEST_F(Hooks, SendAllJobsInOneBatchInTheirOrderAndBeforeAnyHook) {
  add_job("a");
  add_hook("one");
  add_job("b");
  add_hook("two");
  add_job("c");
  hooks.run();
  EXPECT_EQ(notes, (Notes{"sent abc", "one", "two"}));
}

TEST_F(Hooks, SendNothingWhereThereIsNoJob) {
  add_hook("one");
  hooks.run();
  EXPECT_EQ(notes, (Notes{"one"}));
}

TEST_F(Hooks, DropWhatWasAddedSinceAMark) {
  add_job("a");
  add_hook("one");
  const auto mark = hooks.mark();
  add_job("b");
  add_hook("two");
  hooks.drop_since(mark);
  add_job("c");
  hooks.run();
  EXPECT_EQ(notes, (Notes{"sent ac", "one"}));
}

TEST_F(Hooks, TakenSinceAMarkLeaveBehindThatAJobBeforeItIsCancelled) {
  const auto before = JobId::generate();
  hooks.add_job(working, {.id = before, .outgoing = {.queue = "q", .payload = "a"}, .asked_at = {}});
  const auto mark = hooks.mark();
  add_job("b");
  hooks.cancel_job(before);
  auto taken = hooks.take_since(mark);
  taken.run();
  hooks.run();
  EXPECT_EQ(notes, (Notes{"sent b"}));
}

TEST_F(Hooks, AreGoneOnceTheyRan) {
  add_hook("one");
  hooks.run();
  hooks.run();
  EXPECT_EQ(notes, (Notes{"one"}));
}

TEST_F(Hooks, RunAlthoughTheJobsCouldNotBeSentWhichIsSaidAfterwards) {
  add_job("a", broken);
  add_hook("one");
  EXPECT_THROW(hooks.run(), EnqueueError);
  EXPECT_EQ(notes, (Notes{"sent a", "one"}));
}

TEST_F(Hooks, TryEverySenderAlthoughOneFails) {
  add_job("a", broken);
  add_job("b");
  add_job("c", broken);
  EXPECT_THROW(hooks.run(), EnqueueError);
  EXPECT_EQ(notes.size(), 2U);
  EXPECT_TRUE(std::ranges::find(notes, "sent ac") != notes.end());
  EXPECT_TRUE(std::ranges::find(notes, "sent b") != notes.end());
}

TEST_F(Hooks, HandOnWhatAHookThrewBeforeWhatASenderThrew) {
  add_job("a", broken);
  hooks.add_hook([] { throw std::string{"from the hook"}; }, false);
  EXPECT_THROW(hooks.run(), std::string);
}

TEST_F(Hooks, MayAddHooksOfTheirOwnWhichAreNotRunWithThem) {
  hooks.add_hook([this] { add_hook("inner"); }, false);
  hooks.run();
  EXPECT_TRUE(notes.empty());
  hooks.run();
  EXPECT_EQ(notes, (Notes{"inner"}));
}

}  // namespace
}  // namespace aftercommit::detail
