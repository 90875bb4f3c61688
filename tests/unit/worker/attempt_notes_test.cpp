/// What an attempt tells, as far as it needs no server: bounded lines, and progress until it is written.
#include "worker/notes/attempt_notes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stop_token>
#include <string>

#include "aftercommit/error.hpp"

namespace aftercommit::worker {
namespace {

class AttemptNotesTest : public ::testing::Test {
 protected:
  Database database{{.url = "postgresql://nobody@127.0.0.1:1/shop"}};
  ProgressBoard board;
  const JobInfo job{.id = JobId::generate(), .task = "import", .queue = "default"};
  AttemptNotes notes{board, job, &database};
};

TEST_F(AttemptNotesTest, KeepsTheNewestLinesAndTellsHowManyWereBefore) {
  for (int i = 1; i <= 130; ++i) notes.line("line " + std::to_string(i));
  auto lines = notes.lines();
  ASSERT_EQ(lines.size(), kLinesKept + 1);
  EXPECT_EQ(lines[0], "... and 30 lines before");
  EXPECT_EQ(lines[1], "line 31");
  for (int i = 0; i < 10; ++i) notes.line(std::string(5000, 'x'));
  lines = notes.lines();
  EXPECT_EQ(lines.size(), kLineBytesKept / kLineLimit + 1);
  EXPECT_EQ(lines.back().size(), kLineLimit);
}

TEST_F(AttemptNotesTest, GivesTheEndOfItsLinesWhereThereIsLessRoom) {
  EXPECT_EQ(notes.text(2048), "");
  notes.line("one\ntwo");
  EXPECT_EQ(notes.text(2048), "one two\n");
  for (int i = 1; i <= 50; ++i) notes.line(std::string(99, 'x'));
  const auto text = notes.text(2048);
  EXPECT_LE(text.size(), 2048U);
  EXPECT_TRUE(text.starts_with("... and 31 lines before\nx")) << text.substr(0, 40);
}

TEST_F(AttemptNotesTest, HandsItsLastWordOnOnceHoweverOftenItIsTold) {
  for (int i = 1; i <= 1'000'000; ++i) notes.progress(i, 1'000'000, "rows");
  const auto told = board.take();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0]->take().done, 1'000'000);
  EXPECT_TRUE(board.take().empty());
  notes.took_effect();
  ASSERT_EQ(board.take().size(), 1U);
  EXPECT_TRUE(told[0]->take().over);
}

TEST_F(AttemptNotesTest, SaysNothingToTheBoardOfAJobThatHasToldNoProgress) {
  notes.took_effect();
  EXPECT_TRUE(board.take().empty());
}

TEST_F(AttemptNotesTest, RefusesTheProgressOfAJobWithoutADatabase) {
  AttemptNotes bare{board, job, nullptr};
  try {
    bare.progress(1, 2, "");
    ADD_FAILURE() << "nothing was thrown";
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr("task 'import' cannot tell its progress"));
  }
}

TEST_F(AttemptNotesTest, LeavesWhatCouldNotBeWrittenToTheNextTime) {
  notes.progress(1, 2, "");
  auto told = board.take();
  board.put_back(std::move(told));
  told = board.take();
  ASSERT_EQ(told.size(), 1U);
  told[0]->take();
  notes.progress(2, 2, "");  // told anew while it was being written in vain
  board.put_back(std::move(told));
  EXPECT_EQ(board.take().size(), 1U) << "once, however long the database is away";
  std::stop_source stopped;
  stopped.request_stop();
  EXPECT_TRUE(board.take(stopped.get_token()).empty()) << "a stop ends the wait";
}

}  // namespace
}  // namespace aftercommit::worker
