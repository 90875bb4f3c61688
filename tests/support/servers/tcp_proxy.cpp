/// One poll() loop over all connections.
#include "support/servers/tcp_proxy.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "support/servers/loopback.hpp"

namespace aftercommit::support {
namespace {

bool send_all(int fd, const char* bytes, std::size_t size) {
  while (size > 0) {
    const auto sent = ::send(fd, bytes, size, MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes += sent;
    size -= static_cast<std::size_t>(sent);
  }
  return true;
}

}  // namespace

TcpProxy::TcpProxy(std::uint16_t target_port)
    : target_port_{target_port}, listener_{open_socket()}, port_{listen_on_loopback(listener_)} {
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

TcpProxy::~TcpProxy() {
  thread_.request_stop();
  thread_.join();
  for (const auto& link : links_) {
    ::close(link.client);
    ::close(link.server);
  }
  ::close(listener_);
}

void TcpProxy::run(const std::stop_token& stop) {
  constexpr int kLookAtStopMs = 10;
  while (!stop.stop_requested()) {
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const auto& link : links_) {
      waiting.push_back({link.client, POLLIN, 0});
      waiting.push_back({link.server, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), kLookAtStopMs) <= 0) continue;
    std::vector<Link> open;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const bool from_client = waiting[1 + 2 * i].revents != 0;
      const bool from_server = waiting[2 + 2 * i].revents != 0;
      if ((!from_client || pass_on(links_[i], false)) && (!from_server || pass_on(links_[i], true))) {
        open.push_back(links_[i]);
      } else {
        ::close(links_[i].client);
        ::close(links_[i].server);
      }
    }
    links_ = open;
    if (waiting[0].revents == 0) continue;
    const auto target = loopback(target_port_);
    const Link link{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), open_socket()};
    ::connect(link.server, reinterpret_cast<const sockaddr*>(&target),
              sizeof target);  // refused: shows when read
    links_.push_back(link);
    ++accepted_;
  }
}

/// False when the connection is over.
bool TcpProxy::pass_on(const Link& link, bool from_server) {
  std::array<char, 16 * 1024> buffer{};
  const auto received = ::recv(from_server ? link.server : link.client, buffer.data(), buffer.size(), 0);
  if (received <= 0) return false;
  if (!from_server) return send_all(link.server, buffer.data(), static_cast<std::size_t>(received));
  if (swallow_) return true;
  const auto allowed = reply_bytes_.load();
  const bool cut = allowed >= 0 && received > allowed;
  const auto passed = cut ? allowed : received;
  if (allowed >= 0) reply_bytes_ = cut ? -1 : allowed - received;
  return send_all(link.client, buffer.data(), static_cast<std::size_t>(passed)) && !cut;
}

}  // namespace aftercommit::support
