/// Reads the URLs of one Redis, of sentinels that know where it is, and of a cluster.
#include "broker/redis/wire/redis_url.hpp"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/redis/wire/cluster_tags.hpp"
#include "broker/redis/wire/redis_url_query.hpp"

namespace aftercommit {
namespace {

using namespace url_text;

/// What stands before the last '@', without data() where there is none, and after it.
std::pair<std::string_view, std::string_view> cut_credentials(std::string_view text) {
  const auto at = text.rfind('@');
  if (at == std::string_view::npos) return {{}, text};
  return {text.substr(0, at), text.substr(at + 1)};
}

void read_credentials(std::string_view text, RedisUrl& url) {
  const auto [user, password] = cut(text, ':');
  url.user = percent_decoded(user, "user name");
  url.password = percent_decoded(password, "password");
}

void read_port(std::string_view text, RedisUrl& url) {
  const auto port = number<std::uint16_t>(text, 1, std::numeric_limits<std::uint16_t>::max());
  if (!port) wrong("port", "must be a number from 1 to 65535");
  url.port = *port;
}

void read_address(std::string_view text, RedisUrl& url) {
  if (text.starts_with('[')) {
    const auto [host, rest] = cut(text.substr(1), ']');
    if (rest.data() == nullptr) wrong("host", "opens a bracket and does not close it");
    if (!rest.empty() && !rest.starts_with(':')) wrong("host", "must be followed by ':' and a port, or '/'");
    url.host = host;
    if (!rest.empty()) read_port(rest.substr(1), url);
  } else {
    const auto [host, port] = cut(text, ':');
    url.host = percent_decoded(host, "host");
    if (port.data() != nullptr) read_port(port, url);
  }
  if (url.host.empty()) wrong("host", "is missing: write redis://host:port");
  if (std::ranges::any_of(url.host, [](char c) { return static_cast<unsigned char>(c) <= ' '; })) {
    wrong("host", "has a space or a line's end in it");
  }
}

/// Of several servers, with commas between.
std::vector<RedisUrl> read_addresses(std::string_view text, std::uint16_t usual_port) {
  std::vector<RedisUrl> all;
  for (auto rest = text; rest.data() != nullptr;) {
    const auto [address, more] = cut(rest, ',');
    read_address(address, all.emplace_back(RedisUrl{.port = usual_port}));
    rest = more;
  }
  return all;
}

RedisUrl tcp_url(std::string_view text, std::optional<RedisTlsSettings> tls = {}) {
  RedisUrl url{.tls = std::move(tls)};
  const auto [location, query] = cut(text, '?');
  const auto [authority, path] = cut(location, '/');
  const auto [credentials, address] = cut_credentials(authority);
  read_credentials(credentials, url);
  read_address(address, url);
  if (!path.empty()) read_database(path, url);
  read_query(query, credentials, url);
  return url;
}

void read_master(std::string_view path, RedisUrl& url) {
  constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  const auto [master, database] = cut(path, '/');
  if (master.empty() || master.size() > 64 || master.find_first_not_of(kAllowed) != std::string_view::npos) {
    wrong("master's name", "is missing or none: write redis+sentinel://host:26379,host:26379/name");
  }
  url.master = master;
  if (!database.empty()) read_database(database, url);
}

RedisUrl sentinel_url(std::string_view text, std::optional<RedisTlsSettings> tls = {}) {
  constexpr std::uint16_t kSentinelPort = 26379;
  RedisUrl url{.tls = std::move(tls)};
  const auto [location, query] = cut(text, '?');
  const auto [authority, path] = cut(location, '/');
  const auto [credentials, addresses] = cut_credentials(authority);
  read_credentials(credentials, url);
  url.sentinels = read_addresses(addresses, kSentinelPort);
  read_master(path, url);
  read_query(query, credentials, url);
  return url;
}

RedisUrl cluster_url(std::string_view text, std::optional<RedisTlsSettings> tls = {}) {
  RedisUrl url{.tls = std::move(tls), .shards = kUsualClusterShards};
  const auto [location, query] = cut(text, '?');
  const auto [authority, path] = cut(location, '/');
  const auto [credentials, addresses] = cut_credentials(authority);
  read_credentials(credentials, url);
  url.nodes = read_addresses(addresses, RedisUrl{}.port);
  if (!path.empty()) read_database(path, url);
  if (url.database != 0) wrong("database", "must be 0 or left out: a cluster has no other");
  read_query(query, credentials, url);
  url.tag = cluster_tag(url.only.value_or(0));
  return url;
}

RedisUrl unix_url(std::string_view text) {
  constexpr std::size_t kLongest = 107;  // what sockaddr_un holds beside its closing NUL
  RedisUrl url;
  const auto [location, query] = cut(text, '?');
  const auto [credentials, path] = cut_credentials(location);
  read_credentials(credentials, url);
  url.socket_path = percent_decoded(path, "socket path");
  if (!url.socket_path.starts_with('/'))
    wrong("socket path", "must be absolute: redis+unix:///path/to/socket");
  if (url.socket_path.size() > kLongest) wrong("socket path", "is longer than 107 bytes");
  read_query(query, credentials, url);
  return url;
}

std::string listed(const std::vector<RedisUrl>& servers) {
  std::string all;
  for (const auto& one : servers) all += (all.empty() ? "" : ", ") + one.server();
  return all;
}

}  // namespace

std::string RedisUrl::server() const {
  if (!socket_path.empty()) return socket_path;
  if (!sentinels.empty()) return master + " of " + listed(sentinels);
  if (!nodes.empty())
    return "shard " + std::to_string(only.value_or(0)) + " of the cluster at " + listed(nodes);
  const bool ipv6 = host.find(':') != std::string::npos;
  return (ipv6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

RedisUrl RedisUrl::at(std::string found_host, std::uint16_t found_port) const {
  RedisUrl found{*this};
  found.host = std::move(found_host);
  found.port = found_port;
  found.sentinels.clear();
  found.nodes.clear();
  return found;
}

RedisUrl parse_redis_url(std::string_view url) {
  if (begins_with_quote(url)) {
    throw ConfigError{
        "the broker URL begins with a quote: env files of some programs leave quotes in place; write it "
        "without them"};
  }
  const auto after = [&](std::string_view scheme) -> std::optional<std::string_view> {
    if (!url.starts_with(scheme)) return {};
    return url.substr(scheme.size());
  };
  if (const auto text = after("redis://")) return tcp_url(*text);
  if (const auto text = after("redis+sentinel://")) return sentinel_url(*text);
  if (const auto text = after("rediss+sentinel://")) return sentinel_url(*text, RedisTlsSettings{});
  if (const auto text = after("redis+cluster://")) return cluster_url(*text);
  if (const auto text = after("rediss+cluster://")) return cluster_url(*text, RedisTlsSettings{});
  if (const auto text = after("redis+unix://")) return unix_url(*text);
  if (const auto text = after("unix://")) return unix_url(*text);
  if (const auto text = after("rediss://")) return tcp_url(*text, RedisTlsSettings{});
  wrong("scheme",
        "must be redis://, rediss://, redis+unix://, redis+sentinel://, rediss+sentinel://, redis+cluster:// "
        "or "
        "rediss+cluster://");
}

}  // namespace aftercommit
