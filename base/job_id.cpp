/// UUIDv7 after RFC 9562: made from a thread's own small store of kernel randomness.
#include "aftercommit/job_id.hpp"

#include <sys/random.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <system_error>

#include "base/process/forks.hpp"

namespace aftercommit {
namespace {

using Bytes = std::array<std::uint8_t, 16>;

/// Random bytes of the kernel, fetched some ids at a time: a call for each would cost more than all the rest.
/// In the child of a fork they count as used, for the parent has the same.
class RandomStore {
 public:
  void take(std::uint8_t* out, std::size_t count) {
    if (left_ < count || forks_ != detail::forks()) refill();
    left_ -= count;
    std::memcpy(out, store_.data() + left_, count);
  }

 private:
  void refill() {
    forks_ = detail::forks();
    left_ = 0;
    while (left_ < store_.size()) {
      const auto got = getrandom(store_.data() + left_, store_.size() - left_, 0);
      if (got < 0 && errno != EINTR) {
        throw std::system_error{errno, std::generic_category(), "cannot get random bytes for a job id"};
      }
      if (got > 0) left_ += static_cast<std::size_t>(got);
    }
  }

  std::array<std::uint8_t, 256> store_{};  // up to 256 bytes getrandom gives whole, without interruption
  std::size_t left_ = 0;                   // bytes not yet used, at the front
  unsigned forks_ = 0;
};

/// Makes the ids of one thread, each greater than the one before (RFC 9562, 6.2, method 1): where the clock
/// has not moved on, a 12-bit counter goes up, which starts anywhere in its lower half at each millisecond.
class Generator {
 public:
  Bytes next() {
    Bytes id;
    random_.take(id.data() + 8, 8);
    advance();
    for (std::size_t i = 0; i < 6; ++i) id[i] = static_cast<std::uint8_t>(ms_ >> (40 - 8 * i));
    id[6] = static_cast<std::uint8_t>(0x70 | counter_ >> 8);  // version 7
    id[7] = static_cast<std::uint8_t>(counter_);
    id[8] = static_cast<std::uint8_t>(0x80 | (id[8] & 0x3F));  // variant of RFC 9562
    return id;
  }

 private:
  static constexpr unsigned kCounterMax = 0xFFF;
  /// A clock set back by more than this is believed: ids are then smaller than those before.
  static constexpr std::uint64_t kBelievedMs = 1000;

  void advance() {
    using namespace std::chrono;
    const auto now = static_cast<std::uint64_t>(
        floor<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count());
    if (now > ms_ || ms_ - now > kBelievedMs) {
      start(now);
    } else if (++counter_ > kCounterMax) {
      start(ms_ + 1);  // ahead of the clock, until it catches up
    }
  }

  void start(std::uint64_t ms) {
    ms_ = ms;
    std::array<std::uint8_t, 2> seed;
    random_.take(seed.data(), seed.size());
    counter_ = (seed[0] * 256U + seed[1]) & (kCounterMax >> 1);
  }

  RandomStore random_;
  std::uint64_t ms_ = 0;
  unsigned counter_ = 0;
};

constexpr bool is_dash_position(std::size_t index) noexcept {
  return index == 8 || index == 13 || index == 18 || index == 23;
}

/// The value of a hexadecimal digit; -1 for any other character.
constexpr int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

JobId JobId::generate() {
  thread_local Generator generator;
  JobId id;
  id.bytes_ = generator.next();
  return id;
}

std::optional<JobId> JobId::parse(std::string_view text) noexcept {
  constexpr std::size_t kLength = 36;
  if (text.size() != kLength) return std::nullopt;
  JobId id;
  std::size_t digits = 0;
  for (std::size_t i = 0; i < kLength; ++i) {
    if (is_dash_position(i)) {
      if (text[i] != '-') return std::nullopt;
      continue;
    }
    const int value = hex_value(text[i]);
    if (value < 0) return std::nullopt;
    auto& byte = id.bytes_[digits++ / 2];
    byte = static_cast<std::uint8_t>(byte << 4 | value);
  }
  return id;
}

std::string JobId::str() const {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string text;
  text.reserve(36);
  for (const std::uint8_t byte : bytes_) {
    if (is_dash_position(text.size())) text += '-';
    text += kHex[byte >> 4];
    text += kHex[byte & 0xF];
  }
  return text;
}

}  // namespace aftercommit
