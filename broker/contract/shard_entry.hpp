/// The hand-overs of jobs by one of several shards: each names the shard, in this process.
#pragma once

#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>

namespace aftercommit {

/// "s2/1719240000000-0" of the third shard; those of the first one are as its broker names them.
struct ShardEntry {
  std::size_t shard = 0;
  std::string_view entry;  ///< as the broker of the shard names it

  static ShardEntry parse(std::string_view text) noexcept {
    const auto slash = text.find('/');
    if (!text.starts_with('s') || slash == text.npos) return {0, text};
    ShardEntry parsed;
    const auto number = text.substr(1, slash - 1);
    const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), parsed.shard);
    if (error != std::errc{} || end != number.data() + number.size()) return {0, text};
    parsed.entry = text.substr(slash + 1);
    return parsed;
  }

  std::string str() const {
    return shard == 0 ? std::string{entry} : 's' + std::to_string(shard) + '/' + std::string{entry};
  }
};

}  // namespace aftercommit
