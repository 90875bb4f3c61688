/// The id of a stream entry, "1700000000000-0", in the order of the stream.
#pragma once

#include <charconv>
#include <compare>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace aftercommit {

struct StreamId {
  std::uint64_t ms = 0;  ///< since 1970, by Redis' clock
  std::uint64_t sequence = 0;

  static std::optional<StreamId> parse(std::string_view text) {
    StreamId id;
    const auto* const end = text.data() + text.size();
    const auto ms = std::from_chars(text.data(), end, id.ms);
    if (ms.ec != std::errc{} || ms.ptr == end || *ms.ptr != '-') return {};
    const auto sequence = std::from_chars(ms.ptr + 1, end, id.sequence);
    if (sequence.ec != std::errc{} || sequence.ptr != end) return {};
    return id;
  }

  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

}  // namespace aftercommit
