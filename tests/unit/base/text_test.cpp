/// Foreign text made clean, and names.
#include "base/text/text.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace aftercommit {
namespace {

using namespace std::string_literals;

constexpr const char* kReplaced = "\xEF\xBF\xBD";

TEST(CleanText, LeavesGoodTextAsItIs) {
  EXPECT_EQ(clean_text("mail server is down\n\tat 10 °C, 100 €, \U0001F600"),
            "mail server is down\n\tat 10 °C, 100 €, \U0001F600");
  EXPECT_EQ(clean_text(""), "");
}

TEST(CleanText, ReplacesEachByteThatIsNotUtf8) {
  EXPECT_EQ(clean_text("caf\xE9!"), "caf"s + kReplaced + "!");
  EXPECT_EQ(clean_text("\xC0\x80"), kReplaced + ""s + kReplaced) << "overlong";
  EXPECT_EQ(clean_text("\xE2\x82"), kReplaced + ""s + kReplaced) << "cut off";
}

TEST(CleanText, ReplacesControlCharactersButTabAndNewline) {
  EXPECT_EQ(clean_text("a\0b"s), "a"s + kReplaced + "b");
  EXPECT_EQ(clean_text("\x1b[31m\r"), kReplaced + "[31m"s + kReplaced);
  EXPECT_EQ(clean_text("\x7f\xC2\x80\xC2\x9F\xC2\xA0"), kReplaced + ""s + kReplaced + kReplaced + "\xC2\xA0");
}

TEST(CleanText, CutsAtACharacterNeverWithinOne) {
  EXPECT_EQ(clean_text("12345", 3), "123");
  EXPECT_EQ(clean_text("ab€", 4), "ab");
  EXPECT_EQ(clean_text("ab€", 5), "ab€");
  EXPECT_EQ(clean_text("ab\xFF", 4), "ab");
  EXPECT_EQ(clean_text(std::string(5000, 'x')).size(), kErrorTextLimit);
}

TEST(CleanText, GivesValidUtf8WithinTheLimitForAnyBytes) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (int i = 0; i < 5000; ++i) {
    std::string bytes(random() % 60, '\0');
    for (char& byte : bytes) byte = static_cast<char>(random() % 2 ? random() : 0xC0 | (random() & 0x3F));
    const std::size_t limit = random() % 70;
    const std::string clean = clean_text(bytes, limit);
    ASSERT_TRUE(valid_utf8(clean));
    ASSERT_LE(clean.size(), limit);
    ASSERT_EQ(clean_text(clean), clean) << "clean text stays";
  }
}

TEST(Utf8, IsJudgedAtTheEdgesOfEachLength) {
  for (const char* good : {"\x7F", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80",
                           "\xEF\xBF\xBF", "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF"}) {
    EXPECT_TRUE(valid_utf8(good));
    EXPECT_EQ(utf8_length(good), std::string_view{good}.size());
  }
  for (const char* bad : {"\x80", "\xBF", "\xC1\xBF", "\xC2", "\xC2\x7F", "\xC2\xC0", "\xE0\x9F\xBF",
                          "\xED\xA0\x80", "\xED\xBF\xBF", "\xE1\x80", "\xF0\x8F\xBF\xBF", "\xF4\x90\x80\x80",
                          "\xF1\x80\x80", "\xF5\x80\x80\x80", "\xFF"}) {
    EXPECT_FALSE(valid_utf8(bad));
  }
  EXPECT_EQ(utf8_length(""), 0U);
  EXPECT_TRUE(valid_utf8("\0"s)) << "NUL is a character";
}

TEST(Name, IsOfLettersDigitsAndThreeMarks) {
  for (const char* name : {"a", "Z", "0", "_", ".", "-", "send_receipt", "mail.high-priority", "A.b_C-9"}) {
    EXPECT_TRUE(valid_name(name)) << name;
  }
  EXPECT_TRUE(valid_name(std::string(64, 'x')));
}

TEST(Name, IsNothingThatCouldBeTakenForAKeyAPathOrALine) {
  for (const std::string& name :
       {""s, " "s, "a b"s, "a:b"s, "{a}"s, "a\n"s, "a\0"s, "a/b"s, "a*"s, "a\"b"s, "é"s, "\xFF"s, "a@b"s,
        "a[b"s, "a`b"s, "a,b"s, std::string(65, 'x'), std::string(1 << 20, 'x')}) {
    EXPECT_FALSE(valid_name(name));
  }
}

}  // namespace
}  // namespace aftercommit
