#include "worker/metrics/listening_socket.hpp"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <system_error>

#include "aftercommit/error.hpp"
#include "worker/settings/listen_address.hpp"

namespace aftercommit::worker {
namespace {

constexpr int kBacklog = 64;

UsageError cannot_listen(const std::string& address, const std::string& why) {
  return UsageError{"cannot serve metrics at '" + address + "': " + why +
                    "; give --metrics the address and a free port of this machine, as in 127.0.0.1:9394"};
}

std::string in_numbers(int file) {
  ::sockaddr_storage bound{};
  ::socklen_t size = sizeof bound;
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  if (::getsockname(file, reinterpret_cast<::sockaddr*>(&bound), &size) != 0 ||
      ::getnameinfo(reinterpret_cast<::sockaddr*>(&bound), size, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown";
  }
  return bound.ss_family == AF_INET6 ? '[' + std::string{host} + "]:" + port : std::string{host} + ':' + port;
}

}  // namespace

ListeningSocket::ListeningSocket(const std::string& address) {
  const auto [host, port] = split_address(address);
  ::addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  ::addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(host.c_str(), port.c_str(), &hints, &found); error != 0)
    throw cannot_listen(address, ::gai_strerror(error));
  const std::unique_ptr<::addrinfo, decltype(&::freeaddrinfo)> list{found, ::freeaddrinfo};
  int error = 0;
  for (const auto* at = found; at != nullptr && file_ < 0; at = at->ai_next) {
    // No wait in accept(), which a stop would not end: what has called may be gone by then.
    const int file = ::socket(at->ai_family, at->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, at->ai_protocol);
    const int yes = 1;
    if (file >= 0 && ::setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        ::bind(file, at->ai_addr, at->ai_addrlen) == 0 && ::listen(file, kBacklog) == 0) {
      file_ = file;
      continue;
    }
    error = errno;
    if (file >= 0) ::close(file);
  }
  if (file_ < 0) throw cannot_listen(address, std::generic_category().message(error));
  address_ = in_numbers(file_);
}

ListeningSocket::~ListeningSocket() { ::close(file_); }

}  // namespace aftercommit::worker
