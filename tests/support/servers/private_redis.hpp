/// A redis-server of a test's own, for what must not be done to the shared one: filling, stopping, killing
/// it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "support/servers/reserved_port.hpp"

namespace aftercommit::support {

/// Runs until destroyed, in a temporary folder, without saving; listens on a Unix socket and on 127.0.0.1.
class PrivateRedis {
 public:
  /// `options` as on redis-server's command line: {"--maxmemory", "8mb"}; kItsPort among them stands for its
  /// port.  Waits until it answers.
  static constexpr const char* kItsPort = "<port>";
  explicit PrivateRedis(std::vector<std::string> options = {});
  ~PrivateRedis();
  PrivateRedis(const PrivateRedis&) = delete;
  PrivateRedis& operator=(const PrivateRedis&) = delete;

  std::string url() const;      ///< through the Unix socket
  std::string tcp_url() const;  ///< through 127.0.0.1
  std::string socket_path() const;
  std::uint16_t port() const { return port_.number(); }
  std::uint16_t cluster_port() const {
    return cluster_port_.number();
  }  ///< where nodes speak with each other

  void stop();    ///< SIGSTOP, and it has: it keeps its connections and answers nothing
  void resume();  ///< SIGCONT
  void kill();    ///< SIGKILL: its data is lost
  void start();   ///< again, at the same addresses, empty

 private:
  bool answers() const;

  const std::vector<std::string> options_;
  const std::filesystem::path folder_;
  const ReservedPort port_, cluster_port_;
  pid_t process_ = 0;  // 0: not running
};

}  // namespace aftercommit::support
