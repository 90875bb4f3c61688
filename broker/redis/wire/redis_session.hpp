/// A connection to Redis that is replaced when it breaks.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "broker/contract/names.hpp"
#include "broker/redis/wire/redis_finder.hpp"
#include "broker/redis/wire/redis_keys.hpp"
#include "broker/redis/wire/redis_pipeline.hpp"

namespace aftercommit {

/// Not thread-safe.  Every call connects if need be; after an exception the next one connects anew.
class RedisSession {
 public:
  explicit RedisSession(RedisUrl url) : url_{std::move(url)}, finder_{make_redis_finder(url_)} {}

  /// Makes sure of a connection on which nothing was lost.  Throws BrokerUnavailable or BrokerRefused.
  RedisConnection& connect(Deadline deadline);
  void disconnect() noexcept { connection_.reset(); }

  /// While pinned, a call whose connection is gone throws BrokerUnavailable and does not connect anew: what
  /// was learned over the lost one may not hold any more.
  void pin(bool pinned) noexcept { pinned_ = pinned; }

  /// Sends all commands in one round trip and gives each reply, error replies too, to `take(command, reply)`.
  /// A script that Redis does not know (after a restart or SCRIPT FLUSH) is sent again as text, in a second
  /// round trip; its reply then comes last.  So it is with commands whose keys have gone to another node of a
  /// cluster, or are on their way there: for these it waits up to a second.
  using TakeReply = std::function<void(std::size_t command, Reply reply)>;
  void run(const RedisPipeline& commands, Deadline deadline, const TakeReply& take);

  /// The same, all replies in order.  The first error reply is thrown, once all have come.
  std::vector<Reply> ask(const RedisPipeline& commands, Deadline deadline);

  /// What an error reply to `what` means; forgets the connection where it leads to the wrong server.
  RedisRefusal understand(const redisReply& error, std::string_view what);

  /// The keys of a queue, valid as long as this object.
  const RedisKeys& keys(const Queue& queue);

  /// Of a cluster, makes sure that the connection leads to the node that has the keys: for commands which
  /// name no key, and so would be answered by any.
  void meet_keys(Deadline deadline);

  /// For sentences: the server that it is connected to, or else what the URL says.
  std::string server() const { return connection_ ? connection_->server() : url_.server(); }

  /// How many connections there have been: a new one may lead to a server with other data.
  std::uint64_t connections() const noexcept { return connections_; }

  const RedisUrl& url() const noexcept { return url_; }

 private:
  /// A command whose keys are not where it was sent.
  struct Redirected {
    std::size_t command;
    RedisRedirect redirect;
    Reply reply;
  };
  void follow(const RedisPipeline& commands, std::vector<Redirected> left, Deadline deadline,
              const TakeReply& take);
  void leave_for(const RedisAddress& master);
  void run_again(const RedisPipeline& commands, std::vector<Redirected>& left, Deadline deadline,
                 const TakeReply& take);

  const RedisUrl url_;
  const std::unique_ptr<RedisFinder> finder_;
  std::map<Queue, RedisKeys> keys_;
  bool pinned_ = false;
  std::uint64_t connections_ = 0;
  std::shared_ptr<RedisConnection> connection_;  // null: to be made; also owned by a run() under way
};

}  // namespace aftercommit
