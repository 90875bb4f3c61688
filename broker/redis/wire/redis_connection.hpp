/// One connection to Redis: commands out, replies in, in order.
#pragma once

#include <sys/types.h>

#include <memory>
#include <string>
#include <utility>

#include "broker/redis/wire/redis_pipeline.hpp"
#include "broker/redis/wire/redis_reply.hpp"
#include "broker/redis/wire/redis_socket.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {

/// Counts the replies it still owes, so it is never used again half-read.  hiredis parses the replies.
class RedisConnection {
 public:
  /// Connects, authenticates and selects the database.  Throws BrokerUnavailable, or BrokerRefused.
  RedisConnection(const RedisUrl& url, Deadline deadline);
  ~RedisConnection();
  RedisConnection(const RedisConnection&) = delete;
  RedisConnection& operator=(const RedisConnection&) = delete;

  /// Sends the commands.  Then receive() once for each, in order.  Throws BrokerUnavailable.
  void send(const RedisPipeline& commands, Deadline deadline);

  /// The reply to a command, which may be an error reply.  Throws BrokerUnavailable if there was none.
  Reply receive(const RedisPipeline& commands, std::size_t command, Deadline deadline);

  /// What Redis says next without being asked, on a subscribed connection; null if nothing came by
  /// `deadline`.
  Reply overhear(Deadline deadline);

  /// True if commands may be sent: every reply was read, the server has not closed it, and it was not
  /// inherited from the parent of a fork, which still talks on it.
  bool usable() const noexcept;

  const std::string& server() const noexcept { return server_; }

  /// Of its socket, to be polled or shut down; whether bytes wait there says nothing of replies.
  int descriptor() const noexcept { return socket_.descriptor(); }
  /// Keeps `guard` until right before the socket is closed.
  void keep(std::shared_ptr<void> guard) { guard_ = std::move(guard); }

 private:
  struct FreeReader {
    void operator()(redisReader* reader) const noexcept { ::redisReaderFree(reader); }
  };

  void introduce(const RedisUrl& url, Deadline deadline);
  Reply next(Deadline deadline);

  const std::string server_;
  const pid_t process_;
  RedisSocket socket_;
  std::unique_ptr<redisReader, FreeReader> reader_;
  const bool may_want_tls_;      // plain, and by TCP
  bool heard_ = false;           // any reply so far
  std::size_t owed_ = 0;         // replies to come
  std::shared_ptr<void> guard_;  // after socket_: goes first
};

}  // namespace aftercommit
