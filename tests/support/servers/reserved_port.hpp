/// A port that a server of a test keeps through all its deaths.
#pragma once

#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <stdexcept>

#include "support/servers/loopback.hpp"

namespace aftercommit::support {

/// A free port of 127.0.0.1, bound until destroyed and never listened on, so that no other test or connecting
/// client is given it while its server does not run.  A server that sets SO_REUSEADDR, as Redis does, can
/// listen there.
class ReservedPort {
 public:
  ReservedPort() {
    constexpr int kYes = 1;
    auto address = loopback(0);
    socklen_t size = sizeof address;
    if (::setsockopt(socket_, SOL_SOCKET, SO_REUSEADDR, &kYes, sizeof kYes) != 0 ||
        ::bind(socket_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
        ::getsockname(socket_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      ::close(socket_);
      throw std::runtime_error{"there is no free port on 127.0.0.1"};
    }
    number_ = ::ntohs(address.sin_port);
  }
  ~ReservedPort() { ::close(socket_); }
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;

  std::uint16_t number() const { return number_; }

 private:
  const int socket_ = open_socket();
  std::uint16_t number_ = 0;
};

}  // namespace aftercommit::support
