/// Sends commands and reads replies, each wait within a deadline for the whole.
#include "broker/redis/wire/redis_connection.hpp"

#include <unistd.h>

#include <new>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

RedisSocket connected(const RedisUrl& url, Deadline deadline) {
  try {
    return RedisSocket{url, deadline};
  } catch (const SocketError& error) {
    throw BrokerUnavailable{"cannot connect to Redis at " + url.server() + ": " + error.reason +
                            "; is it running there, and is the broker URL right?"};
  }
}

/// The text of a refused AUTH may quote the password (when AUTH itself was renamed), so only its code is
/// told.
[[noreturn]] void raise_refused_login(const redisReply& error, const std::string& server) {
  const auto code = text(error).substr(0, text(error).find(' '));
  throw BrokerRefused{"Redis at " + server + " refused AUTH (" + std::string{code} +
                      "): correct the user name and password in the broker URL"};
}

}  // namespace

RedisConnection::RedisConnection(const RedisUrl& url, Deadline deadline)
    : server_{url.server()},
      process_{::getpid()},
      socket_{connected(url, deadline)},
      reader_{::redisReaderCreate()} {
  if (!reader_) throw std::bad_alloc{};
  introduce(url, deadline);
}

RedisConnection::~RedisConnection() {
  if (owed_ > 0 && process_ == ::getpid()) socket_.abort_on_close();
}

void RedisConnection::introduce(const RedisUrl& url, Deadline deadline) {
  RedisPipeline commands;
  if (!url.password.empty()) {
    if (url.user.empty()) {
      commands.add("AUTH", url.password);
    } else {
      commands.add("AUTH", url.user, url.password);
    }
  }
  if (url.database != 0) commands.add("SELECT", url.database);
  if (commands.size() == 0) return;

  send(commands, deadline);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto reply = receive(commands, i, deadline);
    if (!is_error(*reply)) continue;
    const auto refusal = understand(*reply, commands.what(i), server_);
    if (!refusal.passes && i == 0 && !url.password.empty()) raise_refused_login(*reply, server_);
    refusal.raise();
  }
}

void RedisConnection::send(const RedisPipeline& commands, Deadline deadline) {
  owed_ += commands.size();
  try {
    socket_.send(commands.bytes(), deadline);
  } catch (const SocketError& error) {
    throw BrokerUnavailable{"cannot send " + commands.what(0) + " to Redis at " + server_ + ": " +
                            error.reason};
  }
}

Reply RedisConnection::receive(const RedisPipeline& commands, std::size_t command, Deadline deadline) {
  try {
    if (auto reply = next(deadline)) {
      --owed_;
      return reply;
    }
  } catch (const SocketError& error) {
    throw BrokerUnavailable{"lost Redis at " + server_ + " before its reply to " + commands.what(command) +
                            ": " + error.reason};
  }
  throw BrokerUnavailable{"Redis at " + server_ + " did not reply to " + commands.what(command) +
                          " in time: it is overloaded, stopped or cut off"};
}

Reply RedisConnection::overhear(Deadline deadline) {
  try {
    return next(deadline);
  } catch (const SocketError& error) {
    throw BrokerUnavailable{"lost Redis at " + server_ + " while listening: " + error.reason};
  }
}

bool RedisConnection::usable() const noexcept {
  return owed_ == 0 && process_ == ::getpid() && socket_.quiet();
}

Reply RedisConnection::next(Deadline deadline) {
  for (;;) {
    void* reply = nullptr;
    if (::redisReaderGetReply(reader_.get(), &reply) != REDIS_OK) {
      throw SocketError{"what it says is not Redis' protocol"};
    }
    if (reply != nullptr) return Reply{static_cast<redisReply*>(reply)};

    char buffer[16 * 1024];
    const auto received = socket_.receive(buffer, deadline);
    if (received.empty()) return nullptr;
    ::redisReaderFeed(reader_.get(), received.data(),
                      received.size());  // its failure shows in the next round
  }
}

}  // namespace aftercommit
