/// That no password is shown, wherever it stands in a URL.
#include "base/text/secrets.hpp"

#include <gtest/gtest.h>

#include <string>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "support/mangled_urls.hpp"

namespace aftercommit {
namespace {

using support::shown_of_canary;

std::string masked(const std::string& url, const std::string& text) { return Secrets{url}.masked(text); }

TEST(Secrets, AreMaskedAsTheyAreWrittenAndDecoded) {
  const std::string url = "postgresql://shop:s3%63ret@host/shop";
  EXPECT_EQ(masked(url, "no s3cret and no s3%63ret here"), "no *** and no *** here");
  EXPECT_EQ(masked(url, "host shop"), "host shop");
}

TEST(Secrets, AreMaskedInPiecesToo) {
  EXPECT_EQ(masked("redis://:topsecret@h", "ends in opsecr"), "ends in ***");
}

TEST(Secrets, OfAFewCharactersAreMaskedWhereTheyStandAlone) {
  EXPECT_EQ(masked("redis://:pw@host", "password \"pw\" of pwd"), "password \"***\" of pwd");
}

TEST(Secrets, StandWhereAColonOrAnAtSignIsMissing) {
  EXPECT_EQ(masked("postgresql://shops3cret@host/shop", "user \"shops3cret\""), "user \"***\"");
  EXPECT_EQ(masked("postgresql://shop:s3crethost/shop", "port s3crethost"), "port ***");
  EXPECT_EQ(masked("postgresql://shop:s3@cret1@host/shop", "host cret1@host"), "host ***@host");
  EXPECT_EQ(masked("postgresql://shop:s3/cret1@host/shop", "database cret1@host/shop"),
            "database ***@host/shop");
}

TEST(Secrets, AreInAnyPartOfAUrlThatCanBeReadInMoreThanOneWay) {
  for (const std::string url : {
           "postgresql://u:abcd/efgh@host/db",
           "postgresql://u:abcd@ef@host/db",
           "postgresql://u:@abcd@host/db",
           "postgresql:///u:abcd@host/db",
           "postgresql://u/u:abcd@host/db",
           "postgresql://u:abcdhost:5432/db",
           "postgresql://u:abcd/host/db",
           "postgresql://u:ab?cd/e@host/db",
       }) {
    EXPECT_TRUE(Secrets{url}.in_any_part()) << url;
    EXPECT_EQ(masked(url, "value \"abcd\" for option \"port\", and a \"quote without an end"),
              "value \"***\" for option \"***\", and a \"***\"")
        << url;
  }
  for (const std::string url : {
           "postgresql://u:abcd@host/db",
           "postgresql://u:a:b?c@one:1,[::1]:2/db",
           "postgresql://u:abcd@host/db?application_name=me@here",
           "postgresql://host:5432/db?application_name=me@here",
           "postgresql:///db?host=/tmp",
           "host=h user=u password=a@b/c@d",
           "",
       }) {
    EXPECT_FALSE(Secrets{url}.in_any_part()) << url;
  }
}

TEST(Secrets, StandBehindTheWordPassword) {
  for (const std::string url :
       {"host=h password=s3cret user=u", "postgresql://h/d?user=u&password=s3cret&port=1",
        "host=h password='s3cret' user=u", "host=hpassword=s3cret", "host=h PASSWORDs3cret"}) {
    EXPECT_EQ(shown_of_canary(masked(url, "of s3cret, u and h")), "");
    EXPECT_EQ(masked(url, "of s3cret, u and h").substr(0, 7), "of ***,") << url;
  }
}

TEST(Secrets, AreNoneInAUrlWithoutAny) {
  for (const std::string url :
       {"redis://cache:6379/0?prefix=ac", "memory://test", "redis+unix:///run/redis.sock",
        "postgresql://[::1]:5432,two:1/shop", "postgresql:///shop?host=/tmp", ""}) {
    EXPECT_EQ(masked(url, url), url);
    EXPECT_EQ(masked_url(url), url.starts_with("p") || url.empty() ? "***" : url);
  }
}

TEST(Secrets, MayHideInWhatSomebodyTypedAnywhere) {
  EXPECT_EQ(shown_argument("mail"), "mail");
  EXPECT_EQ(shown_argument("two\nlines"), "two lines");
  EXPECT_EQ(shown_argument("redis:/:s3cret@host"), "***");
  EXPECT_EQ(shown_argument("postgresql://u:s3crethost/d"), "***");
  EXPECT_EQ(shown_argument("Password=s3cret"), "***");
  EXPECT_EQ(shown_argument("user=u pasword=s3cret"), "***");
}

TEST(MangledUrl, OfRedisNeverShowsItsPassword) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  support::MangledUrls urls{support::right_redis_urls(), seed};
  for (int i = 0; i < 20'000; ++i) {
    const auto url = urls.next();
    ASSERT_EQ(shown_of_canary(masked_url(url)), "") << masked_url(url);
    try {
      make_broker(url);
      const auto server = parse_redis_url(url).server();  // what every error of the connection begins with
      ASSERT_EQ(shown_of_canary(server), "") << "of " << url;
    } catch (const ConfigError& error) {
      ASSERT_EQ(shown_of_canary(error.what()), "") << error.what();
    }
    ASSERT_EQ(shown_of_canary(shown_argument(url)), "");
  }
}

TEST(MangledUrl, OfRedisNeverShowsAShortPassword) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  const auto shows = [](std::string_view text) { return text.find(support::kShortCanary) != text.npos; };
  support::MangledUrls urls{support::redis_urls_with_short_passwords(), seed};
  for (int i = 0; i < 20'000; ++i) {
    const auto url = urls.next();
    ASSERT_FALSE(shows(masked_url(url))) << masked_url(url);
    ASSERT_FALSE(shows(shown_argument(url))) << url;
    try {
      make_broker(url);
      ASSERT_FALSE(shows(parse_redis_url(url).server())) << url;
    } catch (const ConfigError& error) {
      ASSERT_FALSE(shows(error.what())) << error.what();
    }
  }
}

}  // namespace
}  // namespace aftercommit
