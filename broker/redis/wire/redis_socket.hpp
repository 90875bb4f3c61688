/// A socket to Redis on which nothing waits beyond its deadline.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "broker/redis/wire/redis_url.hpp"
#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {

class RedisTls;

/// Non-blocking underneath, so each wait is a poll() with the time that is left.  Closed on exec, with TCP
/// keepalive, and never the cause of a SIGPIPE.  hiredis' own connecting and reading is not used: it raises
/// SIGPIPE, counts its timeout anew for each read and fails when a signal interrupts connect (see
/// hiredis_traps_test.cpp).
class RedisSocket {
 public:
  /// Connects to the first address that answers; where the URL asks for TLS, what the server shows is checked
  /// too.  Throws SocketError.
  RedisSocket(const RedisUrl& url, Deadline deadline);
  ~RedisSocket();
  RedisSocket(RedisSocket&& other) noexcept;
  RedisSocket& operator=(RedisSocket&&) = delete;

  /// Sends all of it, or throws SocketError: it may then have been sent in part.
  void send(std::string_view bytes, Deadline deadline);

  /// What has come, at least a byte; empty if nothing came by `deadline`.  Throws SocketError, also at the
  /// end of the stream.
  std::string_view receive(std::span<char> buffer, Deadline deadline);

  /// True if nothing waits to be read, not even the end of the stream: a closed connection shows it here
  /// before anything is sent on it.
  bool quiet() const noexcept;

  int descriptor() const noexcept { return fd_; }

  /// Makes the destructor drop what is still unsent, so that nothing of it is done later behind our back.
  void abort_on_close() noexcept;

 private:
  explicit RedisSocket(int fd) noexcept;
  static RedisSocket connect(const RedisUrl& url, Deadline deadline);

  int fd_;
  std::unique_ptr<RedisTls> tls_;  // null: plain; uses fd_
};

}  // namespace aftercommit
