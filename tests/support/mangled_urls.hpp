/// URLs as people mistype them, and a password that must never show.
#pragma once

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace aftercommit::support {

/// In no word of any message; nor is any five characters of it in a row.
inline constexpr std::string_view kCanary = "q7zKx4vWj9";

/// The same of three characters, which a piece of another password may be.
inline constexpr std::string_view kShortCanary = "qZv";

/// How `text` shows more than four characters of the canary in a row; empty if it does not.
inline std::string shown_of_canary(std::string_view text) {
  constexpr std::size_t kPiece = 5;
  for (std::size_t at = 0; at + kPiece <= kCanary.size(); ++at) {
    if (text.find(kCanary.substr(at, kPiece)) != text.npos) return std::string{kCanary.substr(at, kPiece)};
  }
  return {};
}

/// Makes one URL after the other out of right ones: as they are, and with one character deleted, inserted,
/// doubled or changed with its neighbour; then perhaps in quotes, after a name, beside spaces or line ends.
/// The same for the same seed.
class MangledUrls {
 public:
  MangledUrls(std::vector<std::string> right, unsigned seed) : right_{std::move(right)}, random_{seed} {}

  std::string next() {
    auto url = right_[below(right_.size())];
    mangle(url);
    return wrapped(std::move(url));
  }

 private:
  std::size_t below(std::size_t count) { return random_() % count; }

  void mangle(std::string& url) {
    constexpr std::string_view kInserted =
        ":/@?&=%#[]+-_.,;'\"\\ \t\r\n\x01"
        "a0";
    const auto at = below(url.size());
    switch (below(6)) {
      case 0:
        return;
      case 1:
        url.erase(at, 1);
        return;
      case 2:
        url.insert(at, 1, url[at]);
        return;
      case 3:
        if (at + 1 < url.size()) std::swap(url[at], url[at + 1]);
        return;
      default:
        url.insert(at, 1, kInserted[below(kInserted.size())]);
    }
  }

  std::string wrapped(std::string url) {
    switch (below(12)) {
      case 0:
        return '"' + url + '"';
      case 1:
        return '\'' + url + '\'';
      case 2:
        return '"' + url;
      case 3:
        return url + '"';
      case 4:
        return "DATABASE_URL=" + url;
      case 5:
        return "export REDIS_URL=" + url;
      case 6:
        return " " + url;
      case 7:
        return url + "\r\n";
      case 8:
        return url + " ";
      case 9:
        return "jdbc:" + url;
      default:
        return url;
    }
  }

  const std::vector<std::string> right_;
  std::mt19937 random_;
};

/// The user is called localhost: where a mistake makes a host of him, nobody is asked for it.
inline std::vector<std::string> right_postgres_urls(const std::string& address = "127.0.0.1:1") {
  const std::string canary{kCanary};
  return {"postgresql://localhost:" + canary + "@" + address + "/shop",
          "postgres://localhost:" + canary + "@" + address + "/shop?sslmode=disable&connect_timeout=3",
          "postgresql://localhost:%71" + canary.substr(1) + "@" + address + ",[::1]:2/shop",
          "postgresql://localhost:pa?" + canary + "%40x@" + address + "/shop",
          "postgresql://" + address + "/shop?user=shop&password=" + canary + "&sslpassword=" + canary,
          "postgresql:///shop?host=/nowhere&user=shop&password=" + canary,
          "host=127.0.0.1 port=1 user=shop password=" + canary + " dbname=shop",
          "dbname=shop user='shop' password='" + canary + " " + canary + "' host=127.0.0.1 port=1"};
}

inline std::vector<std::string> right_redis_urls(const std::string& address = "127.0.0.1:1") {
  const std::string canary{kCanary};
  return {
      "redis://:" + canary + "@" + address,
      "redis://localhost:" + canary + "@" + address + "/0?prefix=shop",
      "redis://localhost:%71" + canary.substr(1) + "@[::1]:1/2",
      "rediss://localhost:" + canary + "@" + address + "/0?tls_ca=/nowhere/ca.crt&tls_server_name=localhost",
      "redis+sentinel://localhost:" + canary + "@" + address + "," + address +
          "/shop/0?sentinel_password=" + canary,
      "redis+cluster://localhost:" + canary + "@" + address + "," + address + "/?shards=2&prefix=shop",
      "redis+unix://localhost:" + canary + "@/nowhere/redis.sock?db=1&prefix=ac",
      "unix://:" + canary + "@/nowhere/redis.sock"};
}

/// With passwords as people paste them: short, and with the characters of a URL left as they are.  None has
/// the canary where a mistake makes a user or a host of it that is as right as any other.
inline std::vector<std::string> postgres_urls_with_short_passwords() {
  const std::string canary{kShortCanary};
  const std::string at = "@127.0.0.1:1";
  return {"postgresql://localhost:" + canary + at + "/shop",
          "postgresql://localhost:" + canary + "/" + canary + at + "/shop",
          "postgres://localhost:" + canary + "/x" + at + "/shop?sslmode=disable",
          "postgresql://localhost:x/" + canary + at + "/shop",
          "postgresql://localhost:" + canary + "@x" + at + "/shop",
          "postgresql://localhost:" + canary + "?" + canary + at + "/shop",
          "postgresql://localhost:x:" + canary + at + ",[::1]:2/shop",
          "postgresql://localhost:%71" + canary.substr(1) + "%2F" + canary + "%40x" + at + "/shop",
          "postgresql://127.0.0.1:1/shop?user=shop&password=" + canary + "&sslpassword=" + canary,
          "postgresql:///shop?host=/nowhere&user=shop&password=" + canary,
          "host=127.0.0.1 port=1 user=shop password=" + canary + " dbname=shop",
          "dbname=shop user='shop' password='" + canary + " " + canary + "' host=127.0.0.1 port=1"};
}

inline std::vector<std::string> redis_urls_with_short_passwords() {
  const std::string canary{kShortCanary};
  const std::string at = "@127.0.0.1:1";
  return {"redis://:" + canary + at,
          "redis://localhost:" + canary + "/" + canary + at + "/0?prefix=shop",
          "redis://localhost:" + canary + "@x" + at + "/0",
          "redis://localhost:" + canary + "?x" + at + "/0?prefix=shop",
          "redis://localhost:%71" + canary.substr(1) + "@[::1]:1/2",
          "rediss://localhost:" + canary + at + "/0?tls_ca=/nowhere/ca.crt",
          "redis+sentinel://localhost:" + canary + at + "/shop/0",
          "redis+unix://localhost:" + canary + "@/nowhere/redis.sock?db=1&prefix=ac",
          "redis+unix://localhost:x/" + canary + "@/nowhere/redis.sock",
          "unix://:" + canary + "@/nowhere/redis.sock"};
}

}  // namespace aftercommit::support
