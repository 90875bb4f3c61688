/// cpp-httplib's server within bounds: of connections, of the bytes of a request, and of its time.  The
/// library itself reads a line or a body however long it is, as slowly as it comes, and holds a thread for
/// each connection that may only be kept open.
#pragma once

#include <httplib.h>

#include <atomic>
#include <chrono>
#include <cstddef>

namespace aftercommit::dashboard {

struct HttpBounds {
  std::size_t threads = 12;
  std::size_t waiting = 100;         ///< connections that no thread is at; more are turned away at once
  std::size_t head = 16UL * 1024;    ///< bytes of a request before its body
  std::size_t body = 64UL * 1024;    ///< bytes
  std::chrono::seconds request{10};  ///< from its first byte to its last
  std::chrono::seconds answer{20};   ///< to write it
  std::chrono::seconds idle{5};      ///< a connection without a request; none while others wait
  std::size_t requests = 100;        ///< of one connection
};

/// Its routes are entered as on any; `set_payload_max_length` and the timeouts are set here.
class BoundedServer : public httplib::Server {
 public:
  explicit BoundedServer(const HttpBounds& bounds);

  /// How many connections were turned away.
  std::size_t turned_away() const noexcept { return turned_away_; }
  /// Answers until end(); to be called once, after it was bound.
  void serve();
  /// As stop(), whether or not it serves yet; ends connections that are only kept open.  From any thread.
  void end();

 private:
  class Queue;

  bool process_and_close_socket(socket_t socket) override;
  template <class Setup>
  bool answer(httplib::Stream& wire, bool last, bool& closed, const Setup& set_up);
  bool await_request(socket_t socket, bool first) const;

  const HttpBounds bounds_;
  std::atomic<std::size_t> waiting_{0};  // connections that no thread is at
  std::atomic<std::size_t> turned_away_{0};
  std::atomic<bool> ending_{false};
  std::atomic<bool> serving_{false};
};

}  // namespace aftercommit::dashboard
