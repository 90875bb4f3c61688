/// JSON without characters beyond ASCII means what it meant before.
#include "client/statements/ascii_json.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace aftercommit::detail {
namespace {

TEST(AsciiJson, MeansTheSame) {
  const std::string text =
      R"(["a", "\u00e9", "é", "€", "日本", "😀", "\"\\é", {"ключ": "\n"}, "\u007f", "ࠀ", "￿", "𐀀", "􏿿"])";
  const auto ascii = ascii_json(text);
  EXPECT_EQ(nlohmann::json::parse(ascii), nlohmann::json::parse(text));
  for (const char c : ascii) EXPECT_LT(static_cast<unsigned char>(c), 0x80);
}

TEST(AsciiJson, WritesTwoHalvesForWhatSixteenBitsDoNotHold) {
  EXPECT_EQ(ascii_json("[\"\u00e9\u20ac\U0001f600\"]"), R"(["\u00e9\u20ac\ud83d\ude00"])");
}

TEST(AsciiJson, LeavesAsciiAsItIs) {
  EXPECT_EQ(ascii_json(R"({"v":1,"args":["a\\b\"c\u0001"]})"), R"({"v":1,"args":["a\\b\"c\u0001"]})");
  EXPECT_EQ(ascii_json(""), "");
}

}  // namespace
}  // namespace aftercommit::detail
