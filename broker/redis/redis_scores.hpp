/// Scores of sorted sets as times.
#pragma once

#include <algorithm>
#include <charconv>
#include <cstdint>

#include "base/epoch_ms.hpp"
#include "broker/redis/wire/redis_reply.hpp"

namespace aftercommit {

/// A whole number of ms, unless another program has put it there.
inline std::int64_t score_ms(const redisReply& score) {
  double ms = 0;
  std::from_chars(text(score).data(), text(score).data() + text(score).size(), ms);
  return ms > 0 ? static_cast<std::int64_t>(std::min(ms, static_cast<double>(kLongestMs))) : 0;
}

}  // namespace aftercommit
