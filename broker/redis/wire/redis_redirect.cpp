/// "MOVED 3999 10.0.0.7:6381", "ASK ..." and "TRYAGAIN ...".
#include "broker/redis/wire/redis_redirect.hpp"

#include <charconv>

namespace aftercommit {

std::optional<RedisRedirect> redirect_of(const redisReply& error, std::string_view asked) {
  using Kind = RedisRedirect::Kind;
  if (is_error(error, "TRYAGAIN")) return RedisRedirect{Kind::kAgain};
  const bool moved = is_error(error, "MOVED");
  if (!moved && !is_error(error, "ASK")) return {};
  const auto words = text(error);
  const auto address = words.substr(words.rfind(' ') + 1);
  const auto colon = address.rfind(':');  // an IPv6 address has no brackets here
  if (colon == address.npos) return {};
  auto host = address.substr(0, colon);
  if (host.empty() || host == "?") host = asked;
  const auto digits = address.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, wrong] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (wrong != std::errc{} || end != digits.data() + digits.size() || port == 0 || host.empty()) return {};
  return RedisRedirect{moved ? Kind::kMoved : Kind::kAsk, {std::string{host}, port}};
}

}  // namespace aftercommit
