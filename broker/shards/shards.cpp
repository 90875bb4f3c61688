/// Cuts the list of URLs, and shares jobs out among them.
#include "broker/contract/shards.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <iterator>
#include <numeric>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/contract/no_redis.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "broker/shards/shard_state.hpp"

namespace aftercommit {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kInMemory = "memory://";

/// Of a single URL with a space in it none: whoever reads it says what is wrong with it.
std::vector<std::string_view> cut_urls(std::string_view text) {
  std::vector<std::string_view> urls;
  for (auto rest = text; !rest.empty();) {
    const auto begin = std::min(rest.find_first_not_of(kSpace), rest.size());
    const auto end = std::min(rest.find_first_of(kSpace, begin), rest.size());
    if (begin < end) urls.push_back(rest.substr(begin, end - begin));
    rest.remove_prefix(end);
  }
  const auto is_url = [](std::string_view url) { return url.find("://") != url.npos || is_no_redis(url); };
  return urls.size() > 1 && std::ranges::all_of(urls, is_url) ? urls : std::vector{text};
}

/// A URL for each shard of a cluster, and any other as it is; also one that is wrong, for whoever reads it.
std::vector<std::string> each_shard_of(std::string_view url) {
  std::vector<std::string> urls{std::string{url}};
  if (!url.starts_with("redis+cluster://") && !url.starts_with("rediss+cluster://")) return urls;
  try {
    const auto parsed = parse_redis_url(url);
    if (parsed.only || parsed.shards == 1) return urls;
    const auto stem = urls.front() + (url.find('?') == url.npos ? "?only=" : "&only=");
    urls.clear();
    for (unsigned shard = 0; shard < parsed.shards; ++shard) urls.push_back(stem + std::to_string(shard));
  } catch (const ConfigError&) {
    // As above.
  }
  return urls;
}

/// What tells servers apart, however they are called.
struct Place {
  std::string name;
  std::string server;  // with database and prefix
};

Place place_of_shard(std::string_view url, std::size_t number) {
  const auto which = "shard " + std::to_string(number + 1) + " of the broker: ";
  if (is_no_redis(url)) {
    throw ConfigError{which +
                      "its URL is none, which stands for itself: write the URLs of several servers, "
                      "or none alone"};
  }
  if (url.starts_with(kInMemory)) return {std::string{url}, std::string{url}};
  try {
    auto parsed = parse_redis_url(url);
    std::ranges::sort(parsed.sentinels, {}, [](const auto& sentinel) { return sentinel.server(); });
    std::ranges::sort(parsed.nodes, {}, [](const auto& node) { return node.server(); });
    const auto prefix = parsed.prefix == RedisUrl{}.prefix ? "" : "?prefix=" + parsed.prefix;
    if (!parsed.nodes.empty()) {  // by whom it is found may change, and its name must not
      const auto of_cluster = '-' + std::to_string(parsed.only.value_or(0));
      return {parsed.shard.empty() ? "cluster" + of_cluster + prefix : parsed.shard + of_cluster,
              parsed.server() + prefix};
    }
    auto server = parsed.server() + '/' + std::to_string(parsed.database) + prefix;
    return {parsed.shard.empty() ? server : parsed.shard, std::move(server)};
  } catch (const ConfigError& error) {
    throw ConfigError{which + error.what()};
  }
}

// The same in all programs and releases that share jobs, else some of them stand in two shards
// (docs/wire-format.md).

constexpr std::uint64_t fnv1a(std::string_view text, std::uint64_t hash = 0xcbf29ce484222325) noexcept {
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  return hash;
}

/// The end of splitmix64.
constexpr std::uint64_t mixed(std::uint64_t x) noexcept {
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

std::uint64_t hash_of(const JobId& job) noexcept {
  const auto& bytes = job.bytes();
  return fnv1a({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

Shards::Shards(std::string_view urls) {
  std::vector<std::string> several;
  for (const auto url : cut_urls(urls)) std::ranges::move(each_shard_of(url), std::back_inserter(several));
  if (several.size() == 1) {
    all_.push_back({.url = several.front()});
    seeds_.push_back(0);
    return;
  }
  std::vector<std::string> names;
  std::vector<std::string> servers;
  for (const auto& url : several) {
    auto [name, server] = place_of_shard(url, all_.size());
    if (std::ranges::find(names, name) != names.end()) {
      throw ConfigError{
          "two shards of the broker are called " + name +
          ": name each server once, or tell two URLs of it apart by ?shard=NAME and ?prefix=NAME"};
    }
    if (std::ranges::find(servers, server) != servers.end()) {
      throw ConfigError{"two shards of the broker are one server, " + server +
                        ": name each server once, or give one of the two URLs another ?prefix=NAME"};
    }
    servers.push_back(std::move(server));
    auto& state = ShardState::of(name);
    seeds_.push_back(fnv1a(name));
    names.push_back(name);
    all_.push_back({.url = url, .name = std::move(name), .called = state.called(), .state = &state});
  }
  std::ranges::sort(names);
  std::uint64_t word = fnv1a({});
  for (const auto& name : names) word = fnv1a("\n", fnv1a(name, word));
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr std::size_t kLength = 12;
  for (std::size_t i = 0; i < kLength; ++i, word >>= 4) among_ += kDigits[word & 0xf];
}

std::size_t Shards::of(const JobId& job) const noexcept {
  std::size_t best = 0;
  if (!several()) return best;
  const auto hash = hash_of(job);
  for (std::size_t i = 1; i < seeds_.size(); ++i) {
    if (mixed(hash ^ seeds_[i]) > mixed(hash ^ seeds_[best])) best = i;
  }
  return best;
}

std::vector<std::size_t> Shards::order_of(std::string_view text) const {
  std::vector<std::size_t> order(count());
  std::iota(order.begin(), order.end(), std::size_t{0});
  if (!several()) return order;
  const auto hash = fnv1a(text);
  std::ranges::sort(order, std::ranges::greater{}, [&](std::size_t i) { return mixed(hash ^ seeds_[i]); });
  return order;
}

ShardShare Shards::share_of(std::size_t number) const {
  if (!several()) return {};
  return {.among = among_,
          .takes = [all = *this, number](const JobId& job) { return all.of(job) == number; }};
}

}  // namespace aftercommit
