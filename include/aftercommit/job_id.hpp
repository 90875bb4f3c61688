/// The name of a job: a UUID, the same over all its attempts.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace aftercommit {

/// Sorts by time of creation when made by generate().  A value: cheap to copy, safe to share.
class JobId {
 public:
  /// A new UUIDv7 (RFC 9562): milliseconds of the system clock, a counter of 12 bits that starts at random,
  /// then 62 random bits of the kernel.  Ids of one thread sort as they were made, also within a millisecond.
  /// Thread-safe; unique across processes, also after fork.
  static JobId generate();
  /// Reads the canonical form of any UUID, in either case; nothing for any other text.
  static std::optional<JobId> parse(std::string_view text) noexcept;

  std::string str() const;  ///< canonical lower-case form, 36 characters

  const std::array<std::uint8_t, 16>& bytes() const noexcept { return bytes_; }
  friend auto operator<=>(const JobId&, const JobId&) = default;

 private:
  JobId() = default;
  std::array<std::uint8_t, 16> bytes_{};
};

}  // namespace aftercommit

template <>
struct std::hash<aftercommit::JobId> {
  std::size_t operator()(const aftercommit::JobId& id) const noexcept {
    const auto& b = id.bytes();
    return std::hash<std::string_view>{}({reinterpret_cast<const char*>(b.data()), b.size()});
  }
};
