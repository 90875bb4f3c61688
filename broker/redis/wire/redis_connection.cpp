/// Sends commands and reads replies, each wait within a deadline for the whole.
#include "broker/redis/wire/redis_connection.hpp"

#include <unistd.h>

#include <new>

#include "aftercommit/error.hpp"
#include "broker/redis/wire/redis_password.hpp"

namespace aftercommit {
namespace {

/// `sentence` says what was attempted.  What lasts was never a connection, however late the server said so.
[[noreturn]] void raise_lost(std::string sentence, const std::string& server, const SocketError& error) {
  if (error.lasting) sentence = "cannot connect to Redis at " + server;
  sentence.append(": ").append(error.reason);
  if (!error.advice.empty()) sentence.append("; ").append(error.advice);
  if (error.lasting) throw BrokerRefused{sentence};
  throw BrokerUnavailable{sentence};
}

RedisSocket connected(const RedisUrl& url, Deadline deadline) {
  try {
    return RedisSocket{url, deadline};
  } catch (SocketError& error) {
    if (error.advice.empty()) error.advice = "is it running there, and is the broker URL right?";
    raise_lost("cannot connect to Redis at " + url.server(), url.server(), error);
  }
}

/// The text of a refused AUTH may quote the password (when AUTH itself was renamed), so only its code is
/// told.
[[noreturn]] void raise_refused_login(const redisReply& error, const RedisUrl& url) {
  const auto code = text(error).substr(0, text(error).find(' '));
  throw BrokerRefused{"Redis at " + url.server() + " refused AUTH (" + std::string{code} +
                      "): correct the user name and password in the broker URL" +
                      (url.password_file.empty() ? "" : ", which is that of its password_file")};
}

std::string password_of(const RedisUrl& url) {
  if (url.password_file.empty()) return url.password;
  try {
    return read_password_file(url.password_file, "password_file");
  } catch (const BrokerRefused& error) {
    throw BrokerRefused{"cannot log in to Redis at " + url.server() + ": " + error.what()};
  }
}

}  // namespace

RedisConnection::RedisConnection(const RedisUrl& url, Deadline deadline)
    : server_{url.server()},
      process_{::getpid()},
      socket_{connected(url, deadline)},
      reader_{::redisReaderCreate()},
      may_want_tls_{!url.tls && url.socket_path.empty()} {
  if (!reader_) throw std::bad_alloc{};
  introduce(url, deadline);
}

RedisConnection::~RedisConnection() {
  if (owed_ > 0 && process_ == ::getpid()) socket_.abort_on_close();
}

void RedisConnection::introduce(const RedisUrl& url, Deadline deadline) {
  RedisPipeline commands;
  const auto password = password_of(url);
  if (!password.empty()) {
    if (url.user.empty()) {
      commands.add("AUTH", password);
    } else {
      commands.add("AUTH", url.user, password);
    }
  }
  if (url.database != 0) commands.add("SELECT", url.database);
  // With TLS 1.3 a server says only now that it wants a certificate, and another answer, as NOAUTH, is as
  // good.
  const bool ping = commands.size() == 0 && url.tls;
  if (ping) commands.add("PING");
  if (commands.size() == 0) return;

  send(commands, deadline);
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const auto reply = receive(commands, i, deadline);
    if (!is_error(*reply) || ping) continue;
    const auto refusal = understand(*reply, commands.what(i), server_);
    if (!refusal.passes && i == 0 && !password.empty()) raise_refused_login(*reply, url);
    refusal.raise();
  }
}

void RedisConnection::send(const RedisPipeline& commands, Deadline deadline) {
  owed_ += commands.size();
  try {
    socket_.send(commands.bytes(), deadline);
  } catch (const SocketError& error) {
    raise_lost("cannot send " + commands.what(0) + " to Redis at " + server_, server_, error);
  }
}

Reply RedisConnection::receive(const RedisPipeline& commands, std::size_t command, Deadline deadline) {
  try {
    if (auto reply = next(deadline)) {
      --owed_;
      return reply;
    }
  } catch (SocketError& error) {
    // A server that expects TLS takes the first command for nothing that it knows.
    if (may_want_tls_ && !heard_)
      error.advice = "if that is its tls-port, the broker URL has to begin with rediss://";
    raise_lost("lost Redis at " + server_ + " before its reply to " + commands.what(command), server_, error);
  }
  throw BrokerUnavailable{"Redis at " + server_ + " did not reply to " + commands.what(command) +
                          " in time: it is overloaded, stopped or cut off"};
}

Reply RedisConnection::overhear(Deadline deadline) {
  try {
    return next(deadline);
  } catch (const SocketError& error) {
    raise_lost("lost Redis at " + server_ + " while listening", server_, error);
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
    if (reply != nullptr) {
      heard_ = true;
      return Reply{static_cast<redisReply*>(reply)};
    }

    char buffer[16 * 1024];
    const auto received = socket_.receive(buffer, deadline);
    if (received.empty()) return nullptr;
    ::redisReaderFeed(reader_.get(), received.data(),
                      received.size());  // its failure shows in the next round
  }
}

}  // namespace aftercommit
