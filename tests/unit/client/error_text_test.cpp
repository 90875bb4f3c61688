/// What of a server's error is shown.
#include "client/postgres/error_text.hpp"

#include <gtest/gtest.h>

#include <stdexcept>

namespace aftercommit::detail {
namespace {

/// As an application may have one.
struct Silent : std::exception {
  const char* what() const noexcept override { return nullptr; }
};

TEST(ErrorText, IsTheFirstLineWithoutItsSeverityInAnyLanguage) {
  EXPECT_EQ(first_line(std::string_view{"ERROR:  no such table\nDETAIL:  a row"}), "no such table");
  EXPECT_EQ(first_line(std::string_view{
                "FATAL:  terminating connection due to administrator command\nserver closed"}),
            "terminating connection due to administrator command");
  EXPECT_EQ(first_line(std::string_view{"FEHLER:  Relation \u00bbx\u00ab existiert nicht"}),
            "Relation \u00bbx\u00ab existiert nicht");
  EXPECT_EQ(first_line(std::string_view{"connection to server failed: FATAL:  no"}),
            "connection to server failed: FATAL:  no");
  EXPECT_EQ(first_line(std::string_view{"server closed the connection unexpectedly\n\tThis"}),
            "server closed the connection unexpectedly");
  EXPECT_EQ(first_line(std::string_view{""}), "");
}

TEST(ErrorText, IsTheTypeOfAnExceptionThatHasNone) {
  const Silent error;
  const auto text = what_of(error);
  EXPECT_TRUE(text.starts_with("an exception without a text, of the type ")) << text;
  EXPECT_TRUE(text.ends_with("::Silent")) << text;
  EXPECT_EQ(first_line(error), text);
}

TEST(ErrorText, IsWhatAnExceptionSaysEvenIfThatIsEmpty) {
  EXPECT_EQ(what_of(std::runtime_error{""}), "");
  EXPECT_EQ(what_of(std::runtime_error{"no such table"}), "no such table");
}

}  // namespace
}  // namespace aftercommit::detail
