/// One poll() loop over all connections.
#include "support/servers/postgres_proxy.hpp"

#include <arpa/inet.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <span>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "support/temporary_folder.hpp"

namespace aftercommit::support {
namespace {

constexpr const char* kSocket = ".s.PGSQL.5432";

std::filesystem::path socket_of(const PrivatePostgres& postgres) {
  const auto url = postgres.url();
  const auto begin = url.find("host=") + 5;
  return std::filesystem::path{url.substr(begin, url.find('&') - begin)} / kSocket;
}

sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  return address;
}

int open_local_socket() { return ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0); }

/// Changes the number in BackendKeyData, where these are the server's messages to a client that connects:
/// they come in one piece, and begin with R for authentication, as nothing else does.
void make_up_process_id(std::span<char> bytes) {
  constexpr std::size_t kHead = 5;  // the type, and a length that counts itself
  constexpr std::size_t kKeyData = 13;
  if (bytes.empty() || bytes.front() != 'R') return;
  for (std::size_t at = 0; at + kHead <= bytes.size();) {
    if (bytes[at] == 'K' && at + kKeyData <= bytes.size()) {
      bytes[at + kHead + 3] ^= 0x55;
      return;
    }
    std::uint32_t length = 0;
    std::memcpy(&length, &bytes[at + 1], sizeof length);
    at += 1 + ::ntohl(length);
  }
}

bool send_all(int to, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(to, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

}  // namespace

PostgresProxy::PostgresProxy(const PrivatePostgres& postgres, std::vector<ChangedStatement> changes)
    : target_{socket_of(postgres)},
      folder_{temporary_folder("proxy")},
      changes_{std::move(changes)},
      listener_{open_local_socket()} {
  const auto address = address_of(folder_ / kSocket);
  if (::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener_, 64) != 0) {
    throw std::runtime_error{"the proxy cannot listen in " + folder_.string()};
  }
  thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

PostgresProxy::~PostgresProxy() {
  thread_.request_stop();
  thread_.join();
  close_all();
  ::close(listener_);
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

/// False when the connection is over.
bool PostgresProxy::pass_on(const Link& link, bool from_server) const {
  std::array<char, 16 * 1024> buffer{};
  const auto received = ::recv(from_server ? link.server : link.client, buffer.data(), buffer.size(), 0);
  if (received <= 0) return false;
  const auto size = static_cast<std::size_t>(received);
  const std::string_view bytes{buffer.data(), size};
  if (from_server) {
    if (makes_up_ids_) make_up_process_id({buffer.data(), size});
    return send_all(link.client, bytes);
  }
  if (!link.messages) return send_all(link.server, bytes);
  return send_all(link.server, link.messages->take(bytes));
}

std::string PostgresProxy::url() const {
  return "postgresql:///postgres?host=" + folder_.string() + "&user=postgres";
}

void PostgresProxy::run(const std::stop_token& stop) {
  constexpr int kLookAroundMs = 5;
  while (!stop.stop_requested()) {
    if (cut_.exchange(false)) close_all();
    std::vector<pollfd> waiting{{listener_, POLLIN, 0}};
    for (const auto& link : links_) {
      waiting.push_back({link.client, POLLIN, 0});
      waiting.push_back({link.server, POLLIN, 0});
    }
    if (::poll(waiting.data(), waiting.size(), kLookAroundMs) <= 0) continue;
    if (silent_) {
      ++held_;
      ::poll(nullptr, 0, kLookAroundMs);  // what is there stays there: do not spin on it
      continue;
    }
    const bool holds_answers = holds_answers_;
    std::vector<Link> open;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const bool from_client = waiting[1 + 2 * i].revents != 0;
      const bool from_server = waiting[2 + 2 * i].revents != 0 && !holds_answers;
      const auto& link = links_[i];
      if ((!from_client || pass_on(link, false)) && (!from_server || pass_on(link, true))) {
        open.push_back(link);
      } else {
        ::close(link.client);
        ::close(link.server);
      }
    }
    links_ = open;
    if (waiting[0].revents != 0) accept_one();
    if (holds_answers) ::poll(nullptr, 0, kLookAroundMs);  // as above
  }
}

void PostgresProxy::accept_one() {
  const auto target = address_of(target_);
  Link link{::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC), open_local_socket()};
  if (!changes_.empty()) link.messages = std::make_shared<ClientMessages>(changes_);
  ::connect(link.server, reinterpret_cast<const sockaddr*>(&target),
            sizeof target);  // refused: shows when read
  links_.push_back(std::move(link));
}

void PostgresProxy::close_all() {
  for (const auto& link : links_) {
    ::close(link.client);
    ::close(link.server);
  }
  links_.clear();
}

}  // namespace aftercommit::support
