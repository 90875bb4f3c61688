// Who tries tokens and passwords: how many of an address are looked at, and what a proxy says of it.
#include "dashboard/guesses.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <set>
#include <string>

#include "dashboard/pages.hpp"
#include "dashboard/users.hpp"

namespace aftercommit::dashboard {
namespace {

using namespace std::chrono_literals;

class GuessesAtADashboard : public ::testing::Test {
 protected:
  static Request by(const std::string& from, const std::string& forwarded = {}) {
    Request request{.method = "GET", .path = "/api/queues", .from = from};
    if (!forwarded.empty()) request.headers.emplace(kForwardedFor, forwarded);
    return request;
  }
  void wrong(const Request& request, int times) {
    for (int i = 0; i < times; ++i) guesses.wrong(request, now);
  }
  bool is_looked_at(const Request& request) { return !guesses.wait(request, now); }

  Guesses guesses;
  Guesses::Clock::time_point now = Guesses::Clock::now();
};

TEST_F(GuessesAtADashboard, AreLookedAtAgainWhenTheMinuteIsOverAndThoseOfOthersMeanwhile) {
  wrong(by("10.0.0.7"), Guesses::kMost - 1);
  EXPECT_TRUE(is_looked_at(by("10.0.0.7")));
  now += 20s;
  wrong(by("10.0.0.7"), 1);
  EXPECT_EQ(guesses.wait(by("10.0.0.7"), now), 40s) << "from the first wrong one on";
  EXPECT_TRUE(is_looked_at(by("10.0.0.8")));
  now += 40s;
  EXPECT_TRUE(is_looked_at(by("10.0.0.7")));
  wrong(by("10.0.0.7"), 1);
  EXPECT_TRUE(is_looked_at(by("10.0.0.7"))) << "a new minute, with the first of its own";
}

TEST_F(GuessesAtADashboard, AreCountedByNetworkWhereOneHasManyAddresses) {
  wrong(by("2001:db8::1"), Guesses::kMost);
  EXPECT_FALSE(is_looked_at(by("2001:db8::2")));
  EXPECT_TRUE(is_looked_at(by("2001:db8:0:1::1")));
  wrong(by("::ffff:10.0.0.7"), Guesses::kMost);
  EXPECT_FALSE(is_looked_at(by("10.0.0.7"))) << "the same address, as a socket of IPv6 has it";
  EXPECT_TRUE(is_looked_at(by("::ffff:10.0.0.8")));
}

TEST_F(GuessesAtADashboard, AreThoseOfWhomAProxyOfThisMachineNames) {
  wrong(by("127.0.0.1", "1.2.3.4, 10.0.0.7"), Guesses::kMost);  // the proxy has added the last
  EXPECT_FALSE(is_looked_at(by("127.0.0.1", "9.9.9.9, 10.0.0.7")));
  EXPECT_TRUE(is_looked_at(by("127.0.0.1", "10.0.0.8")));
  wrong(by("10.0.0.9", "10.0.0.8"), Guesses::kMost);  // of a stranger it says nothing
  EXPECT_TRUE(is_looked_at(by("127.0.0.1", "10.0.0.8")));
  EXPECT_FALSE(is_looked_at(by("10.0.0.9", "10.0.0.1")));
  // Whoever may write it has as many addresses as he likes, and no more guesses than this.
  for (int i = 0; i < Guesses::kMostByProxy; ++i) wrong(by("127.0.0.1", "172.16.0." + std::to_string(i)), 1);
  EXPECT_FALSE(is_looked_at(by("127.0.0.1", "172.17.0.1")));
  EXPECT_TRUE(is_looked_at(by("127.0.0.1"))) << "not by a proxy";
}

TEST_F(GuessesAtADashboard, AreForgottenBeforeTheyFillTheMemory) {
  wrong(by("10.0.0.7"), Guesses::kMost);
  now += 1s;
  for (std::size_t i = 0; i + 1 < Guesses::kAddresses; ++i) wrong(by("a" + std::to_string(i)), 1);
  EXPECT_FALSE(is_looked_at(by("10.0.0.7")));
  wrong(by("one more"), 1);
  EXPECT_TRUE(is_looked_at(by("10.0.0.7"))) << "the oldest has made room";
}

TEST(SecretsOfADashboard, AreTheSameOnlyWholly) {
  EXPECT_TRUE(equal_secrets("secret", "secret"));
  for (const char* other : {"", "secre", "secret ", "Secret", "secretsecret"}) {
    EXPECT_FALSE(equal_secrets("secret", other)) << other;
  }
  EXPECT_FALSE(equal_secrets("", "secret"));
}

TEST(ScriptsOfADashboard, MakeNothingOfTextsThatABrowserReadsAsMarkup) {
  std::set<std::string> seen;
  std::set<std::string> left{"app.js"};
  while (!left.empty()) {
    const auto name = *left.begin();
    left.erase(name);
    if (!seen.insert(name).second) continue;
    const auto* const page = find_page("/" + name);
    ASSERT_NE(page, nullptr) << name;
    const std::string text{page->text};
    for (const char* sink : {"innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "DOMParser",
                             "srcdoc", "createContextualFragment", "eval(", "new Function", "javascript:"}) {
      EXPECT_EQ(text.find(sink), text.npos) << name << " has " << sink;
    }
    constexpr std::string_view kImport = "from './";
    for (auto at = text.find(kImport); at != text.npos; at = text.find(kImport, at + 1)) {
      const auto begin = at + kImport.size();
      left.insert(text.substr(begin, text.find('\'', begin) - begin));
    }
  }
  EXPECT_GT(seen.size(), 10U);
}

}  // namespace
}  // namespace aftercommit::dashboard
