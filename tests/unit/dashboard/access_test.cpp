// Who may ask the dashboard for what: addresses, users, sessions, and what the guard makes of a request.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "aftercommit/error.hpp"
#include "dashboard/addresses.hpp"
#include "dashboard/guard.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::dashboard {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;

class FileOfUsers : public ::testing::Test {
 protected:
  ~FileOfUsers() override { std::filesystem::remove_all(folder_); }

  std::string file(const std::string& text) {
    const auto path = folder_ / "users";
    std::ofstream{path} << text;
    std::filesystem::permissions(path,
                                 std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
    return path.string();
  }

 private:
  const std::filesystem::path folder_ = support::temporary_folder("users");
};

TEST(ListenAddress, IsReadWithItsPort) {
  EXPECT_THAT(parse_listen("127.0.0.1:8080"), Pair("127.0.0.1", 8080));
  EXPECT_THAT(parse_listen("[::1]:80"), Pair("::1", 80));
  EXPECT_THAT(parse_listen(":0"), Pair("0.0.0.0", 0));
  for (const char* wrong :
       {"8080", "127.0.0.1", "127.0.0.1:x", "127.0.0.1:70000", "[::1:80", "a b:80", "http://x:1"}) {
    EXPECT_THROW(parse_listen(wrong), UsageError) << wrong;
  }
  EXPECT_TRUE(is_loopback("127.8.0.1"));
  EXPECT_TRUE(is_loopback("::1"));
  EXPECT_FALSE(is_loopback("127.0.0.1.example.org"));
  EXPECT_FALSE(is_loopback("0.0.0.0"));
}

TEST(Prefix, IsAPathWithoutASlashAtItsEnd) {
  EXPECT_EQ(parse_prefix("/ops/jobs/"), "/ops/jobs");
  EXPECT_EQ(parse_prefix("/"), "");
  for (const char* wrong : {"jobs", "/a//b", "/../etc", "/a b", "/%2e"}) {
    EXPECT_THROW(parse_prefix(wrong), UsageError) << wrong;
  }
}

TEST_F(FileOfUsers, LetsInByTokensAndByPasswordsAndSaysWhoOnlyLooks) {
  const Users tokens{
      file("# who\n0123456789abcdef0123\nann:token-of-ann-is-long\nben:token-of-ben-is-long:read\n"),
      Users::Kind::kTokens};
  EXPECT_EQ(tokens.by_token("0123456789abcdef0123")->name, "token");
  EXPECT_TRUE(tokens.by_token("token-of-ann-is-long")->may_change);
  EXPECT_FALSE(tokens.by_token("token-of-ben-is-long")->may_change);
  EXPECT_FALSE(tokens.by_token("token-of-ann-is-lonG"));
  EXPECT_FALSE(tokens.by_token(""));

  // As `openssl passwd -6` makes it.
  const std::string hash =
      "$6$saltsalt$hRM5XZ86KXEw9UOmjigeVqFgULtFB2sgpC9lXQDfMib3Zgw7"
      "mEiUvBJI2EplzfAqxL5Vvwp2scFtv/uamSo5z0";
  const Users passwords{file("ann:secret-of-ann\nben:" + hash + ":read\n"), Users::Kind::kPasswords};
  EXPECT_EQ(passwords.by_password("ann", "secret-of-ann")->name, "ann");
  EXPECT_FALSE(passwords.by_password("ann", "secret-of-ben"));
  EXPECT_FALSE(passwords.by_password("nobody", "secret-of-ann"));
  for (int i = 0; i < 2; ++i) {  // the second time without making the hash
    const auto ben = passwords.by_password("ben", "correct horse");
    ASSERT_TRUE(ben);
    EXPECT_FALSE(ben->may_change);
    EXPECT_FALSE(passwords.by_password("ben", "correct house"));
    EXPECT_FALSE(passwords.by_password("ben", hash));
  }
}

TEST_F(FileOfUsers, RefusesWhatIsOfNoUseWithoutTellingASecret) {
  const auto message = [&](const std::string& text, Users::Kind kind) {
    try {
      const Users users{file(text), kind};
    } catch (const ConfigError& error) {
      return std::string{error.what()};
    }
    return std::string{};
  };
  EXPECT_THAT(message("short\n", Users::Kind::kTokens), HasSubstr("line 1: the secret has to have 16"));
  EXPECT_THAT(message("short\n", Users::Kind::kTokens), Not(HasSubstr("short")));
  EXPECT_THAT(message("ann\n", Users::Kind::kPasswords), HasSubstr("not NAME:PASSWORD"));
  EXPECT_THAT(message("ann:$apr1$abc$defghijkl\n", Users::Kind::kPasswords), HasSubstr("htpasswd -B"));
  EXPECT_THAT(message("# nobody\n", Users::Kind::kTokens), HasSubstr("names nobody"));
  EXPECT_THROW((Users{"/nonexistent/users", Users::Kind::kTokens}), ConfigError);
}

TEST(SessionOfADashboard, IsWhatItsCookieSaysUntilItIsEnded) {
  Sessions sessions;
  const auto ann = sessions.begin({.name = "ann"});
  const auto ben = sessions.begin({.name = "ben"});
  EXPECT_NE(ann, ben);
  EXPECT_EQ(sessions.find(ann)->name, "ann");
  sessions.end(ann);
  EXPECT_FALSE(sessions.find(ann));
  EXPECT_FALSE(sessions.find(""));
  EXPECT_EQ(cookie_of("a=1; aftercommit_session=xyz; b=2", kCookie), "xyz");
  EXPECT_EQ(cookie_of("x_aftercommit_session=xyz", kCookie), "");
}

TEST(GuardOfADashboard, LetsChangesComeFromItsOwnPagesAlone) {
  const Settings settings{.names = {"jobs.example.org"}};
  Sessions sessions;
  const Guard guard{settings, nullptr, sessions};
  const auto status = [&](std::map<std::string, std::string, std::less<>> headers,
                          const char* method = "POST") {
    Request request{.method = method, .path = "/api/queues/pause", .from = "127.0.0.1"};
    request.headers = std::move(headers);
    const auto refusal = guard.look(request);
    return refusal ? refusal->status : 0;
  };
  const std::map<std::string, std::string, std::less<>> good{
      {"host", "127.0.0.1:8080"}, {"x-aftercommit", "1"}, {"content-type", "application/json"}};
  const auto with = [&](const char* name, const char* value) {
    auto headers = good;
    headers.insert_or_assign(name, value);
    return headers;
  };
  EXPECT_EQ(status(good), 0);
  EXPECT_EQ(status(with("origin", "http://127.0.0.1:8080")), 0);
  EXPECT_EQ(status(with("host", "jobs.example.org")), 0);
  EXPECT_EQ(status(with("host", "Jobs.Example.org:443")), 0);
  EXPECT_EQ(status(with("host", "evil.example.org")), 421);  // a name that was turned to this address
  EXPECT_EQ(status(with("host", "")), 421);
  EXPECT_EQ(status(with("host", "127.0.0.1.evil.example.org")), 421);
  EXPECT_EQ(status(with("x-aftercommit", "")), 403);
  EXPECT_EQ(status(with("origin", "http://evil.example.org")), 403);
  EXPECT_EQ(status(with("origin", "http://127.0.0.1:9090")), 403);
  EXPECT_EQ(status(with("origin", "null")), 403);
  EXPECT_EQ(status(with("sec-fetch-site", "cross-site")), 403);
  EXPECT_EQ(status(with("sec-fetch-site", "same-origin")), 0);
  EXPECT_EQ(status(with("content-type", "text/plain")), 415);
  EXPECT_EQ(status(with("content-encoding", "gzip")), 415);
  EXPECT_EQ(status(good, "DELETE"), 405);
  EXPECT_EQ(status({{"host", "localhost"}}, "GET"), 0);
  EXPECT_EQ(status({{"host", "localhost"}, {"sec-fetch-site", "cross-site"}}, "GET"), 403);
}

}  // namespace
}  // namespace aftercommit::dashboard
