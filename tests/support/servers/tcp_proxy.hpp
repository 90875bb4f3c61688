/// A proxy in front of a server, for losing what the server says.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace aftercommit::support {

/// Passes bytes between its clients and 127.0.0.1:target_port, on a thread of its own.
class TcpProxy {
 public:
  explicit TcpProxy(std::uint16_t target_port);
  ~TcpProxy();
  TcpProxy(const TcpProxy&) = delete;
  TcpProxy& operator=(const TcpProxy&) = delete;

  std::uint16_t port() const { return port_; }
  int accepted() const { return accepted_; }  ///< connections so far

  /// Lets so many more bytes of replies pass; the connection with the next one is cut, and all is whole
  /// again.
  void cut_after_reply_bytes(std::int64_t bytes) { reply_bytes_ = bytes; }

  /// While on, replies are read and dropped, and connections stay open.
  void swallow_replies(bool on) { swallow_ = on; }

 private:
  struct Link {
    int client;
    int server;
  };

  void run(const std::stop_token& stop);
  bool pass_on(const Link& link, bool from_server);

  const std::uint16_t target_port_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> accepted_{0};
  std::atomic<bool> swallow_{false};
  std::atomic<std::int64_t> reply_bytes_{-1};  // -1: all
  std::vector<Link> links_;                    // used by thread_ alone
  std::jthread thread_;                        // last: stops first
};

}  // namespace aftercommit::support
