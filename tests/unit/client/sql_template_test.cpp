/// Places in SQL.
#include "client/statements/sql_template.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace aftercommit::detail {
namespace {

std::string filled(const std::string& text, const std::vector<std::string>& values) {
  std::string out = "BEGIN; ";
  SqlTemplate{text}.append_to(out, values);
  return out;
}

TEST(SqlTemplate, PutsItsValuesInTheirPlaces) {
  EXPECT_EQ(filled("SELECT {a}, {b};", {"1", "'x'"}), "BEGIN; SELECT 1, 'x';");
  EXPECT_EQ(filled("{a}{b}", {"1", "2"}), "BEGIN; 12");
}

TEST(SqlTemplate, PutsTheValueOfANameWhereverItStands) {
  EXPECT_EQ(filled("SELECT {a}, {b}, {a};", {"1", "2"}), "BEGIN; SELECT 1, 2, 1;");
}

TEST(SqlTemplate, LeavesAValueAsItIs) {
  EXPECT_EQ(filled("SELECT {a}, {b};", {"'{b}'", "2"}), "BEGIN; SELECT '{b}', 2;");
}

TEST(SqlTemplate, MayHaveNoPlaces) {
  EXPECT_EQ(filled("SELECT 1;", {}), "BEGIN; SELECT 1;");
  EXPECT_EQ(SqlTemplate{"SELECT 1;"}.with_parameters(), "SELECT 1;");
}

TEST(SqlTemplate, HasAParameterForEachName) {
  EXPECT_EQ(SqlTemplate{"SELECT {a}, {b}, {a};"}.with_parameters(), "SELECT $1, $2, $1;");
}

}  // namespace
}  // namespace aftercommit::detail
