/// Reads each parameter by its name.
#include "broker/redis/wire/redis_url_query.hpp"

#include <limits>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/cluster_tags.hpp"

namespace aftercommit::url_text {

void wrong(std::string_view part, std::string_view expected) {
  throw ConfigError{"the broker URL is wrong: its " + std::string{part} + " " + std::string{expected}};
}

std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator) {
  const auto at = text.find(separator);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

namespace {

std::optional<char> hex_byte(std::string_view digits) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, 16);
  if (error != std::errc{} || digits.size() != 2 || end != digits.data() + 2) return {};
  return static_cast<char>(value);
}

}  // namespace

std::string percent_decoded(std::string_view text, std::string_view part) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded += text[i];
      continue;
    }
    const auto byte = hex_byte(text.substr(i + 1, 2));
    if (!byte) wrong(part, "has a '%' without two hexadecimal digits after it (a plain '%' is written %25)");
    decoded += *byte;
    i += 2;
  }
  return decoded;
}

void read_database(std::string_view text, RedisUrl& url) {
  const auto database = number(text, 0, std::numeric_limits<int>::max());
  if (!database) wrong("database", "must be a number, as in redis://host/0");
  url.database = *database;
}

namespace {

void read_prefix(std::string prefix, RedisUrl& url) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
  if (prefix.empty() || prefix.size() > 64 || prefix.find_first_not_of(kAllowed) != std::string::npos) {
    wrong("prefix", "must be 1 to 64 of a-z A-Z 0-9 _ . : -");
  }
  url.prefix = std::move(prefix);
}

void read_shard(std::string name, RedisUrl& url) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:-";
  if (name.empty() || name.size() > 64 || name.find_first_not_of(kAllowed) != std::string::npos) {
    wrong("shard", "must be a name of 1 to 64 of a-z A-Z 0-9 _ . : -");
  }
  url.shard = std::move(name);
}

std::string read_path(std::string_view name, std::string_view value) {
  auto path = percent_decoded(value, name);
  if (path.empty()) wrong(name, "is empty: give the path of a file");
  return path;
}

/// Whether it is a parameter of TLS.
bool read_tls(std::string_view name, std::string_view value, RedisTlsSettings& tls) {
  if (name == "tls_ca") {
    tls.ca_file = read_path(name, value);
  } else if (name == "tls_cert") {
    tls.cert_file = read_path(name, value);
  } else if (name == "tls_key") {
    tls.key_file = read_path(name, value);
  } else if (name == "tls_server_name") {
    tls.server_name = percent_decoded(value, name);
    if (tls.server_name.empty()) wrong(name, "is empty: give the name that its certificate is for");
  } else {
    return false;
  }
  return true;
}

/// Where there is a user, and in one place.
void require_password(std::string_view credentials, const RedisUrl& url) {
  if (!url.password.empty() && !url.password_file.empty()) {
    wrong("password", "is in the URL and in a file, by password_file: leave one of them out");
  }
  if (credentials.data() != nullptr && url.password.empty() && url.password_file.empty()) {
    wrong("password",
          "is missing: write user:password@host, or :password@host, or name a file by password_file");
  }
}

/// In the room of one sentinel, which is then copied to all.
bool read_sentinel(std::string_view name, std::string_view value, RedisUrl& sentinel) {
  if (name == "sentinel_user") {
    sentinel.user = percent_decoded(value, name);
  } else if (name == "sentinel_password") {
    sentinel.password = percent_decoded(value, name);
  } else if (name == "sentinel_password_file") {
    sentinel.password_file = read_path(name, value);
  } else {
    return false;
  }
  return true;
}

/// Whether it is a parameter of a cluster.
bool read_cluster(std::string_view name, std::string_view value, RedisUrl& url) {
  if (name == "shards") {
    const auto shards = number(value, 1U, kMostClusterShards);
    if (!shards) wrong(name, "must be a number from 1 to " + std::to_string(kMostClusterShards));
    url.shards = *shards;
  } else if (name == "only") {
    url.only = number(value, 0U, kMostClusterShards - 1);
    if (!url.only) wrong(name, "must be the number of a shard, from 0");
  } else {
    return false;
  }
  return true;
}

[[noreturn]] void unknown_parameter(std::string_view name, const RedisUrl& url) {
  if (name.starts_with("tls_")) {
    wrong("query", url.tls ? "may hold of TLS only 'tls_ca', 'tls_cert', 'tls_key' and 'tls_server_name'"
                           : "has a parameter of TLS: write rediss:// to speak TLS");
  }
  if (!url.nodes.empty()) {
    wrong("query",
          "may hold only 'prefix', 'shard', 'shards', 'only', 'password_file' and, for rediss+cluster://, "
          "those "
          "of TLS");
  }
  if (!url.sentinels.empty()) {
    wrong("query",
          "may hold only 'prefix', 'shard', 'password_file', 'sentinel_user', 'sentinel_password', "
          "'sentinel_password_file' and, for rediss+sentinel://, those of TLS");
  }
  wrong("query", url.socket_path.empty()
                     ? "may hold only 'prefix', 'shard' and 'password_file', as in redis://host/0?prefix=ac"
                     : "may hold only 'db', 'prefix', 'shard' and 'password_file', as in ?db=0&prefix=ac");
}

void read_parameter(std::string_view name, std::string_view value, RedisUrl& url, RedisUrl& as_sentinel) {
  if (name == "prefix") {
    read_prefix(percent_decoded(value, "prefix"), url);
  } else if (name == "shard") {
    read_shard(percent_decoded(value, "shard"), url);
  } else if (name == "password_file") {
    url.password_file = read_path(name, value);
  } else if (name == "db" && !url.socket_path.empty()) {
    read_database(value, url);
  } else if (url.tls && read_tls(name, value, *url.tls)) {
    return;
  } else if (!url.nodes.empty() && read_cluster(name, value, url)) {
    return;
  } else if (url.sentinels.empty() || !read_sentinel(name, value, as_sentinel)) {
    unknown_parameter(name, url);
  }
}

}  // namespace

void read_query(std::string_view query, std::string_view credentials, RedisUrl& url) {
  RedisUrl as_sentinel;  // how to log in to any of them
  while (!query.empty()) {
    const auto [parameter, rest] = cut(query, '&');
    const auto [name, value] = cut(parameter, '=');
    read_parameter(name, value, url, as_sentinel);
    query = rest;
  }
  if (url.tls && url.tls->cert_file.empty() != url.tls->key_file.empty()) {
    wrong("query", "has one of 'tls_cert' and 'tls_key': they go together");
  }
  if (!as_sentinel.user.empty() && as_sentinel.password.empty() && as_sentinel.password_file.empty()) {
    wrong("query", "has a 'sentinel_user' without 'sentinel_password' or 'sentinel_password_file'");
  }
  if (url.only && *url.only >= url.shards) {
    wrong("only", "must be below its 'shards': they are counted from 0");
  }
  for (auto& sentinel : url.sentinels) {
    sentinel.user = as_sentinel.user;
    sentinel.password = as_sentinel.password;
    sentinel.password_file = as_sentinel.password_file;
    sentinel.tls = url.tls;
  }
  require_password(credentials, url);
}

}  // namespace aftercommit::url_text
