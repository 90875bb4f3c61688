/// A server that is there and says nothing.
#pragma once

#include <unistd.h>

#include <string>

#include "support/servers/loopback.hpp"

namespace aftercommit::support {

/// Takes connections and never answers.
class SilentServer {
 public:
  SilentServer() = default;
  ~SilentServer() { ::close(socket_); }
  SilentServer(const SilentServer&) = delete;
  SilentServer& operator=(const SilentServer&) = delete;

  /// "127.0.0.1:PORT"
  const std::string& at() const { return at_; }

 private:
  const int socket_ = open_socket();
  const std::string at_ = "127.0.0.1:" + std::to_string(listen_on_loopback(socket_));
};

}  // namespace aftercommit::support
