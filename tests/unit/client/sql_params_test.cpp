/// C++ values as parameters of a statement, in PostgreSQL's text format.
#include "aftercommit/sql_params.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace shop {
struct Cents {
  long cents;
};
inline std::optional<std::string> to_sql(const Cents& cents) {
  return std::to_string(cents.cents) + " cents";
}
}  // namespace shop

namespace aftercommit {
namespace {

TEST(SqlParam, OfAnIntegerIsItsDigitsOverTheWholeRange) {
  EXPECT_EQ(to_sql(-7), "-7");
  EXPECT_EQ(to_sql(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(to_sql(std::numeric_limits<std::uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(to_sql(std::int8_t{65}), "65") << "a small integer, not a letter";
}

TEST(SqlParam, OfABoolIsTOrF) {
  EXPECT_EQ(to_sql(true), "t");
  EXPECT_EQ(to_sql(false), "f");
}

TEST(SqlParam, OfAFloatingPointNumberReadsBackToTheSameValue) {
  for (const double value : {0.1, -1e300, 1.0 / 3.0, 5e-324, std::numeric_limits<double>::max()}) {
    EXPECT_EQ(std::strtod(to_sql(value)->c_str(), nullptr), value);
  }
  EXPECT_EQ(to_sql(0.1F), "0.1");
  EXPECT_EQ(to_sql(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(to_sql(std::numeric_limits<double>::quiet_NaN()), "nan");
}

TEST(SqlParam, OfTextIsThatTextWhateverItHolds) {
  EXPECT_EQ(to_sql("it's"), "it's");
  EXPECT_EQ(to_sql(std::string{"a\\b"}), "a\\b");
  EXPECT_EQ(to_sql(std::string_view{"$1; --"}), "$1; --");
  EXPECT_EQ(to_sql(""), "");
}

TEST(SqlParam, OfNothingIsNull) {
  EXPECT_EQ(to_sql(nullptr), std::nullopt);
  EXPECT_EQ(to_sql(std::nullopt), std::nullopt);
  EXPECT_EQ(to_sql(std::optional<int>{}), std::nullopt);
  EXPECT_EQ(to_sql(static_cast<const char*>(nullptr)), std::nullopt);
}

TEST(SqlParam, OfAnOptionalIsThatOfItsValue) {
  EXPECT_EQ(to_sql(std::optional<int>{7}), "7");
  EXPECT_EQ(to_sql(std::optional<std::string>{""}), "");
  EXPECT_EQ(to_sql(std::optional<bool>{false}), "f");
}

TEST(SqlParam, OfBytesIsHexadecimal) {
  const std::array bytes{std::byte{0x00}, std::byte{0x0f}, std::byte{0xa0}, std::byte{0xff}};
  EXPECT_EQ(to_sql(std::span<const std::byte>{bytes}), "\\x000fa0ff");
  EXPECT_EQ(to_sql(std::span<const std::byte>{}), "\\x");
}

TEST(SqlParam, OfJsonIsItsText) {
  EXPECT_EQ(to_sql(nlohmann::json{{"a", {1, nullptr}}}), R"({"a":[1,null]})");
  EXPECT_EQ(to_sql(nlohmann::json(nullptr)), "null") << "JSON's null, not SQL's";
}

TEST(SqlParam, OfACharacterIsThatCharacterAndNotItsNumber) { EXPECT_EQ(to_sql('a'), "a"); }

TEST(SqlParam, OfADurationIsAnInterval) {
  using namespace std::chrono_literals;
  EXPECT_EQ(to_sql(1500ms), "1500000 microseconds");
  EXPECT_EQ(to_sql(-2s), "-2000000 microseconds");
}

TEST(SqlParam, OfAnInstantIsItsTimeInUtc) {
  using namespace std::chrono_literals;
  const std::chrono::sys_days day{std::chrono::year{2026} / 2 / 3};
  EXPECT_EQ(to_sql(std::chrono::system_clock::time_point{day + 4h + 5min + 6s + 7ms + 89us}),
            "2026-02-03T04:05:06.007089Z");
  EXPECT_EQ(to_sql(std::chrono::system_clock::time_point{-1us}), "1969-12-31T23:59:59.999999Z");
}

TEST(SqlParam, OfAJobIdIsItsText) {
  const auto id = JobId::generate();
  EXPECT_EQ(to_sql(id), id.str());
}

TEST(SqlParam, OfATypeOfTheApplicationsComesFromAFunctionBesideThatType) {
  EXPECT_EQ(to_sql(shop::Cents{250}), "250 cents");
  EXPECT_EQ(to_sql(std::optional{shop::Cents{250}}), "250 cents");
}

}  // namespace
}  // namespace aftercommit
