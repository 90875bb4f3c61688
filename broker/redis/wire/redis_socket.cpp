/// Connects, sends and receives with poll(); a signal that interrupts any of it changes nothing.
#include "broker/redis/wire/redis_socket.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <system_error>
#include <thread>
#include <utility>

#include "base/process/standard_files.hpp"
#include "broker/redis/wire/redis_tls.hpp"

namespace aftercommit {
namespace {

using Addresses = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

struct LookedUp {
  Addresses addresses;
  int error;  // of getaddrinfo(); told by the thread that asked
};

LookedUp look_up(const std::string& host, const std::string& port, int flags) {
  addrinfo hints{};
  hints.ai_flags = flags;
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found);
  return {{error == 0 ? found : nullptr, &::freeaddrinfo}, error};
}

/// getaddrinfo() knows no deadline: for a name it runs on a thread of its own, left behind when it takes too
/// long.
Addresses look_up(const RedisUrl& url, Deadline deadline) {
  const auto port = std::to_string(url.port);
  auto numeric = look_up(url.host, port, AI_NUMERICHOST);
  if (numeric.error == 0) return std::move(numeric.addresses);

  std::packaged_task<LookedUp()> task{[host = url.host, port] { return look_up(host, port, 0); }};
  auto answer = task.get_future();
  try {
    std::thread{std::move(task)}.detach();
  } catch (const std::system_error& error) {
    throw SocketError{error.what()};
  }
  if (answer.wait_until(deadline) != std::future_status::ready) {
    throw SocketError{"its name could not be looked up in time"};
  }
  auto found = answer.get();
  if (found.error != 0) throw SocketError{::gai_strerror(found.error)};
  return std::move(found.addresses);
}

void connect_to(int fd, const sockaddr* address, socklen_t size, Deadline deadline) {
  // A Unix socket whose queue of connections is full answers EAGAIN and cannot be polled for better times.
  if (::connect(fd, address, size) == 0) return;
  if (errno != EINPROGRESS && errno != EINTR) raise_socket_error(errno);
  if (!wait_for_socket(fd, POLLOUT, deadline)) throw SocketError{"no answer in time"};
  int error = 0;
  socklen_t error_size = sizeof error;
  ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
  if (error != 0) raise_socket_error(error);
}

int open_socket(int family) {
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) raise_socket_error(errno);
  return fd;
}

/// Sends small commands at once, and finds a dead peer within half a minute of silence.
void tune_tcp(int fd) {
  const auto set = [fd](int level, int option, int value) {
    if (::setsockopt(fd, level, option, &value, sizeof value) != 0) raise_socket_error(errno);
  };
  set(IPPROTO_TCP, TCP_NODELAY, 1);
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 15);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 5);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

}  // namespace

RedisSocket::RedisSocket(const RedisUrl& url, Deadline deadline) : RedisSocket{connect(url, deadline)} {
  if (url.tls) tls_ = std::make_unique<RedisTls>(fd_, *url.tls, url.host, deadline);
}

RedisSocket::RedisSocket(int fd) noexcept : fd_{fd} {}

RedisSocket::~RedisSocket() {
  if (fd_ >= 0) ::close(fd_);
}

RedisSocket::RedisSocket(RedisSocket&& other) noexcept
    : fd_{std::exchange(other.fd_, -1)}, tls_{std::move(other.tls_)} {}

RedisSocket RedisSocket::connect(const RedisUrl& url, Deadline deadline) {
  hold_standard_files();
  if (!url.socket_path.empty()) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    url.socket_path.copy(address.sun_path, sizeof address.sun_path - 1);
    RedisSocket socket{open_socket(AF_UNIX)};
    connect_to(socket.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address, deadline);
    return socket;
  }
  const auto addresses = look_up(url, deadline);
  for (const auto* address = addresses.get();; address = address->ai_next) {
    const bool last = address->ai_next == nullptr;
    const auto now = std::chrono::steady_clock::now();
    const auto share = last ? deadline : now + (deadline - now) / 2;  // leaves time for the next address
    try {
      RedisSocket socket{open_socket(address->ai_family)};
      connect_to(socket.fd_, address->ai_addr, address->ai_addrlen, share);
      tune_tcp(socket.fd_);
      return socket;
    } catch (const SocketError&) {
      if (last) throw;
    }
  }
}

void RedisSocket::send(std::string_view bytes, Deadline deadline) {
  if (tls_) return tls_->send(bytes, deadline);
  while (!bytes.empty()) {
    const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno == EAGAIN) {
      if (!wait_for_socket(fd_, POLLOUT, deadline)) throw SocketError{"it did not take the command in time"};
    } else if (errno != EINTR) {
      raise_socket_error(errno);
    }
  }
}

std::string_view RedisSocket::receive(std::span<char> buffer, Deadline deadline) {
  if (tls_) return tls_->receive(buffer, deadline);
  for (;;) {
    if (!wait_for_socket(fd_, POLLIN, deadline)) return {};
    const auto received = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (received > 0) return {buffer.data(), static_cast<std::size_t>(received)};
    if (received == 0) throw SocketError{"it closed the connection"};
    if (errno != EINTR && errno != EAGAIN) raise_socket_error(errno);
  }
}

bool RedisSocket::quiet() const noexcept {
  if (tls_) return tls_->quiet();
  char byte = 0;
  return ::recv(fd_, &byte, 1, MSG_PEEK) < 0 && errno == EAGAIN;
}

void RedisSocket::abort_on_close() noexcept {
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace aftercommit
