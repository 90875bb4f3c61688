/// REDIS_URL=none: there is no Redis, and durable jobs run straight from their tables.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit {

inline constexpr std::string_view kNoRedis = "none";

constexpr bool is_no_redis(std::string_view url) noexcept { return url == kNoRedis; }

/// Why something cannot be had there; `what` begins the sentence: "the list of workers".
inline std::string needs_redis(std::string_view what) {
  return std::string{what} +
         " needs Redis, and there is none (REDIS_URL is none): set REDIS_URL, or --redis, to the URL of one";
}

}  // namespace aftercommit
