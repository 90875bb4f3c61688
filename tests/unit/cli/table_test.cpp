/// Tables and colours: they line up, and colours are for terminals alone.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/colour.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

Table queues() {
  Table table{{{"queue", Table::Align::kLeft}, {"dead"}}};
  table.add({"mail", "12"});
  table.paint(1, Colour::kRed);
  table.add({"a longer one", "0"});
  return table;
}

TEST(TableText, LinesUpAndHasNoColoursUnlessTheyAreAskedFor) {
  EXPECT_EQ(queues().str(false), "queue         dead\nmail            12\na longer one     0\n");
}

TEST(TableText, HasTheSameWidthInColours) {
  const auto text = queues().str(true);
  EXPECT_THAT(text, ::testing::HasSubstr("mail            \x1b[31m12\x1b[0m\n"));
  EXPECT_THAT(text, ::testing::HasSubstr("\na longer one     0\n"));
}

TEST(Colours, AreNotWantedByWhatIsNoTerminal) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  EXPECT_FALSE(colours_wanted(ends[1]));
  ::close(ends[0]), ::close(ends[1]);
}

TEST(Colours, AreNotWantedByATerminalWhereNoColorIsSet) {
  const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(terminal, 0);
  const char* const before = std::getenv("TERM");
  const std::string kept{before != nullptr ? before : ""};
  ::setenv("TERM", "xterm", 1);
  ::unsetenv("NO_COLOR");
  EXPECT_TRUE(colours_wanted(terminal));
  ::setenv("NO_COLOR", "1", 1);
  EXPECT_FALSE(colours_wanted(terminal));
  ::unsetenv("NO_COLOR");
  ::setenv("TERM", "dumb", 1);
  EXPECT_FALSE(colours_wanted(terminal));
  ::setenv("TERM", kept.c_str(), 1);
  ::close(terminal);
}

}  // namespace
}  // namespace aftercommit::cli
