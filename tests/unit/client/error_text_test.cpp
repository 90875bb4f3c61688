/// What of a server's error is shown.
#include "client/postgres/error_text.hpp"

#include <gtest/gtest.h>

namespace aftercommit::detail {
namespace {

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

}  // namespace
}  // namespace aftercommit::detail
