/// A server that takes calls as Redis does, and answers when the test says so: then a call is known to be
/// under way.
#pragma once

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "support/eventually.hpp"
#include "support/servers/loopback.hpp"

namespace aftercommit::support {

/// For one thread.  What does not come before the deadline of eventually() fails the test.
class MuteRedis {
 public:
  MuteRedis() = default;
  ~MuteRedis() {
    for (const int fd : connections_) ::close(fd);
    ::close(listener_);
  }
  MuteRedis(const MuteRedis&) = delete;
  MuteRedis& operator=(const MuteRedis&) = delete;

  std::string url() const { return "redis://127.0.0.1:" + std::to_string(port_); }

  /// Whether somebody has connected and not been accepted yet.
  bool has_caller() const { return readable(listener_, std::chrono::milliseconds{0}); }
  /// The next connection.
  int accept() {
    EXPECT_TRUE(readable(listener_, kDeadline)) << "nobody connects";
    return connections_.emplace_back(::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC));
  }
  /// What is said on a connection until `payload` has come.
  static std::string hear(int connection, const std::string& payload) {
    std::string heard;
    while (heard.find(payload) == std::string::npos) {
      std::array<char, 4096> buffer{};
      const auto received =
          readable(connection, kDeadline) ? ::recv(connection, buffer.data(), buffer.size(), 0) : 0;
      if (received <= 0) {
        ADD_FAILURE() << payload << " does not come, only " << heard;
        break;
      }
      heard.append(buffer.data(), static_cast<std::size_t>(received));
    }
    return heard;
  }
  /// Says that one script has done its work.
  static void answer(int connection) { EXPECT_EQ(::send(connection, ":1\r\n", 4, MSG_NOSIGNAL), 4); }

 private:
  static bool readable(int fd, std::chrono::milliseconds timeout) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, static_cast<int>(timeout.count())) == 1;
  }

  const int listener_ = open_socket();
  const std::uint16_t port_ = listen_on_loopback(listener_);
  std::vector<int> connections_;
};

}  // namespace aftercommit::support
