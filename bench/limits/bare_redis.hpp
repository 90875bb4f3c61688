/// A connection to Redis with nothing of ours in between: hiredis, whose replies free themselves.
#pragma once

#include <hiredis/hiredis.h>

#include <memory>
#include <span>
#include <string_view>

#include "broker/redis/wire/redis_reply.hpp"

namespace aftercommit::bench {

/// For one thread.  Throws std::runtime_error for a lost connection and for an error reply alike.
class BareRedis {
 public:
  /// To the server of REDIS_URL.
  BareRedis();

  /// Puts a command into the pipeline, which the next next() sends.
  void add(std::span<const std::string_view> words);
  /// The reply to the oldest command that has had none.
  Reply next();
  Reply ask(std::span<const std::string_view> words);

 private:
  struct Close {
    void operator()(redisContext* context) const noexcept { ::redisFree(context); }
  };
  std::unique_ptr<redisContext, Close> context_;
};

/// The entries of a reply to XREADGROUP on one stream: none if it waited in vain.
std::span<redisReply* const> entries(const redisReply& streams);
std::string_view id_of(const redisReply& entry);
std::string_view value_of(const redisReply& entry);  ///< of its only field

}  // namespace aftercommit::bench
