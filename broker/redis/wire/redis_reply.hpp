/// What Redis answers, and what its error replies mean to us.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace aftercommit {

struct FreeReply {
  void operator()(redisReply* reply) const noexcept { ::freeReplyObject(reply); }
};
using Reply = std::unique_ptr<redisReply, FreeReply>;

inline std::string_view text(const redisReply& reply) {
  return reply.str == nullptr ? std::string_view{} : std::string_view{reply.str, reply.len};
}

inline std::span<redisReply* const> elements(const redisReply& reply) {
  return {reply.element, reply.elements};
}

inline bool is_nil(const redisReply& reply) { return reply.type == REDIS_REPLY_NIL; }

inline bool is_error(const redisReply& reply) { return reply.type == REDIS_REPLY_ERROR; }

/// True for an error whose first word is `code`.
inline bool is_error(const redisReply& reply, std::string_view code) {
  return is_error(reply) && text(reply).starts_with(code) && text(reply).substr(code.size()).starts_with(' ');
}

/// An error reply, understood.
struct RedisRefusal {
  bool passes = false;      ///< true: BrokerUnavailable, the same may succeed later; false: BrokerRefused
  bool reconnects = false;  ///< the connection leads to the wrong server, or to none any more
  bool general = false;     ///< the server refuses as a whole, not only what was asked here
  std::string sentence;

  [[noreturn]] void raise() const;
};

/// `what` was asked ("XADD on ac:{mail}:stream"), `server` answered.
RedisRefusal understand(const redisReply& error, std::string_view what, std::string_view server);

}  // namespace aftercommit
