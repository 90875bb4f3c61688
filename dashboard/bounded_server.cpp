#include "dashboard/bounded_server.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

namespace aftercommit::dashboard {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// Set while a connection is handed over that nobody has the time for.
thread_local bool turning_away = false;

/// Waits for the socket until `until`, and for a step at most once all `ends`; false: it did not come so far,
/// or broke.
bool await(socket_t socket, short events, Clock::time_point until, const std::atomic<bool>& ends) {
  constexpr milliseconds kStep{200};
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(until - Clock::now());
    if (left <= milliseconds{0}) return false;
    pollfd watched{.fd = socket, .events = events, .revents = 0};
    const int ready = ::poll(&watched, 1, static_cast<int>(std::min(left, kStep).count()));
    if (ready > 0) return true;
    if (ready < 0 && errno != EINTR) return false;
    if (ready == 0 && ends) return false;
  }
}

/// The address of one end of a connection, in digits.
template <class Name>
void read_end(socket_t socket, Name name, std::string& ip, int& port) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  auto* const place = reinterpret_cast<sockaddr*>(&address);
  std::array<char, NI_MAXHOST> host{};
  std::array<char, NI_MAXSERV> service{};
  if (name(socket, place, &length) != 0) return;
  if (::getnameinfo(place, length, host.data(), host.size(), service.data(), service.size(),
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return;
  }
  ip = host.data();
  port = std::atoi(service.data());
}

/// One connection.  Each request has so many bytes and so much time.
class Wire final : public httplib::Stream {
 public:
  Wire(socket_t socket, const HttpBounds& bounds, const std::atomic<bool>& ends)
      : socket_{socket}, bounds_{bounds}, ends_{ends} {}

  void begin_request() {
    left_ = bounds_.head;
    end_of_head_ = 0;
    read_until_ = Clock::now() + bounds_.request;
    write_until_ = {};
  }
  bool has_more() const { return begin_ < end_; }

  bool is_readable() const override { return has_more() || await(socket_, POLLIN, read_until_, ends_); }
  bool is_writable() const override { return await(socket_, POLLOUT, Clock::now() + bounds_.answer, ends_); }

  ssize_t read(char* to, std::size_t size) override {
    if (left_ == 0) return -1;
    if (!has_more() && !fill()) return -1;
    const auto count = std::min({size, end_ - begin_, left_});
    std::memcpy(to, buffer_.data() + begin_, count);
    begin_ += count;
    left_ -= count;
    if (end_of_head_ < kEndOfHead.size()) look_for_end(std::string_view{to, count});
    return static_cast<ssize_t>(count);
  }

  ssize_t write(const char* from, std::size_t size) override {
    if (write_until_ == Clock::time_point{}) write_until_ = Clock::now() + bounds_.answer;
    for (std::size_t done = 0; done < size;) {
      const auto count = ::send(socket_, from + done, size - done, MSG_NOSIGNAL | MSG_DONTWAIT);
      if (count > 0) {
        done += static_cast<std::size_t>(count);
      } else if (count < 0 && errno == EINTR) {
        continue;
      } else if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (!await(socket_, POLLOUT, write_until_, ends_)) return -1;
      } else {
        return -1;
      }
    }
    return static_cast<ssize_t>(size);
  }

  void get_remote_ip_and_port(std::string& ip, int& port) const override {
    read_end(socket_, ::getpeername, ip, port);
  }
  void get_local_ip_and_port(std::string& ip, int& port) const override {
    read_end(socket_, ::getsockname, ip, port);
  }
  socket_t socket() const override { return socket_; }

 private:
  static constexpr std::string_view kEndOfHead = "\r\n\r\n";

  /// After the head, which the library reads byte by byte, there is room for a body and what wraps its
  /// pieces.
  void look_for_end(std::string_view read) {
    for (const char character : read) {
      end_of_head_ = character == kEndOfHead[end_of_head_] ? end_of_head_ + 1 : character == '\r' ? 1 : 0;
      if (end_of_head_ < kEndOfHead.size()) continue;
      left_ = 2 * bounds_.body;
      return;
    }
  }

  bool fill() {
    for (;;) {
      const auto count = ::recv(socket_, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
      if (count > 0) {
        begin_ = 0;
        end_ = static_cast<std::size_t>(count);
        return true;
      }
      if (count == 0) return false;
      if (errno == EINTR) continue;
      if (errno != EAGAIN && errno != EWOULDBLOCK) return false;
      if (!await(socket_, POLLIN, read_until_, ends_)) return false;
    }
  }

  const socket_t socket_;
  const HttpBounds& bounds_;
  const std::atomic<bool>& ends_;
  std::array<char, 4096> buffer_{};
  std::size_t begin_ = 0;  // of what is in the buffer and was not asked for yet
  std::size_t end_ = 0;
  std::size_t left_ = 0;         // bytes that may still be read of this head, or this body
  std::size_t end_of_head_ = 0;  // how much of it was just read
  Clock::time_point read_until_{};
  Clock::time_point write_until_{};  // from its first byte on
};

/// Ends a connection so that what was written last arrives, though not all of the request was read.
void close_gently(socket_t socket, const std::atomic<bool>& ends) {
  constexpr milliseconds kPatience{300};
  constexpr std::size_t kMost = 256UL * 1024;
  ::shutdown(socket, SHUT_WR);
  std::array<char, 4096> nothing{};
  std::size_t read = 0;
  const auto until = Clock::now() + kPatience;
  while (read < kMost && await(socket, POLLIN, until, ends)) {
    const auto count = ::recv(socket, nothing.data(), nothing.size(), MSG_DONTWAIT);
    if (count <= 0) break;
    read += static_cast<std::size_t>(count);
  }
  ::close(socket);
}

void turn_away(socket_t socket) {
  constexpr std::string_view kAnswer =
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 2\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  [[maybe_unused]] const auto sent =
      ::send(socket, kAnswer.data(), kAnswer.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  ::close(socket);
}

}  // namespace

/// The threads, and the connections that wait for one.
class BoundedServer::Queue final : public httplib::TaskQueue {
 public:
  Queue(const HttpBounds& bounds, std::atomic<std::size_t>& waiting)
      : most_{bounds.waiting}, waiting_{waiting} {
    for (std::size_t i = 0; i < bounds.threads; ++i) threads_.emplace_back([this] { run(); });
  }

  // In newer versions of the library it says whether there was room, which there always is.
  using Enqueued = decltype(std::declval<httplib::TaskQueue&>().enqueue(std::function<void()>{}));

  Enqueued enqueue(std::function<void()> connection) override {
    {
      const std::scoped_lock lock{mutex_};
      if (connections_.size() < most_) {
        connections_.push_back(std::move(connection));
        waiting_ = connections_.size();
        wake_.notify_one();
        return static_cast<Enqueued>(true);
      }
    }
    turning_away = true;
    connection();
    turning_away = false;
    return static_cast<Enqueued>(true);
  }

  void shutdown() override {
    {
      const std::scoped_lock lock{mutex_};
      ending_ = true;
    }
    wake_.notify_all();
    for (auto& thread : threads_) thread.join();
  }

 private:
  void run() {
    for (;;) {
      std::function<void()> connection;
      {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, [this] { return ending_ || !connections_.empty(); });
        if (connections_.empty()) return;
        connection = std::move(connections_.front());
        connections_.pop_front();
        waiting_ = connections_.size();
      }
      connection();
    }
  }

  const std::size_t most_;
  std::atomic<std::size_t>& waiting_;  // not owned, outlives this
  std::mutex mutex_;
  std::condition_variable wake_;                   // waits with mutex_
  std::deque<std::function<void()>> connections_;  // with mutex_
  bool ending_ = false;                            // with mutex_
  std::vector<std::thread> threads_;               // last
};

BoundedServer::BoundedServer(const HttpBounds& bounds) : bounds_{bounds} {
  new_task_queue = [this] { return new Queue{bounds_, waiting_}; };  // the library deletes it
  set_payload_max_length(bounds_.body);
  set_tcp_nodelay(true);
  // The library would let several programs listen at one port, each with its own part of the connections.
  set_socket_options([](socket_t socket) {
    const int yes = 1;
    ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  });
}

void BoundedServer::serve() {
  serving_ = true;
  if (!ending_) listen_after_bind();
  serving_ = false;
}

void BoundedServer::end() {
  ending_ = true;
  // The library leaves out a stop() that comes before its loop.
  while (serving_ && !is_running()) std::this_thread::sleep_for(milliseconds{1});
  stop();
}

/// The library's, whose newer versions are told the two ends of the connection.
template <class Setup>
bool BoundedServer::answer(httplib::Stream& wire, bool last, bool& closed, const Setup& set_up) {
  if constexpr (requires { this->process_request(wire, last, closed, set_up); }) {
    return this->process_request(wire, last, closed, set_up);
  } else {
    std::string remote;
    std::string local;
    int remote_port = 0;
    int local_port = 0;
    wire.get_remote_ip_and_port(remote, remote_port);
    wire.get_local_ip_and_port(local, local_port);
    return this->process_request(wire, remote, remote_port, local, local_port, last, closed, set_up);
  }
}

bool BoundedServer::process_and_close_socket(socket_t socket) {
  if (turning_away) {
    ++turned_away_;
    turn_away(socket);
    return false;
  }
  Wire wire{socket, bounds_, ending_};
  bool gently = false;
  for (std::size_t requests = 1; wire.has_more() || await_request(socket, requests == 1); ++requests) {
    wire.begin_request();
    const bool last = requests == bounds_.requests || ending_;
    bool closed = false;
    bool has_body = false;
    bool understood = false;  // else what follows may be the rest of its head
    const bool answered = answer(wire, last, closed, [&](httplib::Request& request) {
      understood = true;
      request.ranges.clear();
      request.headers.erase("Accept-Encoding");  // packing costs more than it spares here
      // Who refuses a request has not read its body, which must not be taken for the next request.
      has_body = request.method != "GET" && request.method != "HEAD";
      has_body = has_body || request.has_header("Content-Length") || request.has_header("Transfer-Encoding");
      if (!has_body) return;
      request.headers.erase("Connection");
      request.set_header("Connection", "close");
    });
    gently = has_body || !understood;
    if (!answered || closed || last || gently) break;
  }
  if (gently) {
    close_gently(socket, ending_);
  } else {
    ::shutdown(socket, SHUT_RDWR);
    ::close(socket);
  }
  return true;
}

/// The first byte of the next one.  An open connection keeps a thread, so it is given up where others wait.
bool BoundedServer::await_request(socket_t socket, bool first) const {
  constexpr milliseconds kStep{50};
  constexpr milliseconds kFirst{2000};
  if (first) return await(socket, POLLIN, Clock::now() + kFirst, ending_);
  const auto until = Clock::now() + bounds_.idle;
  do {
    if (await(socket, POLLIN, Clock::now() + kStep, ending_)) return true;
  } while (!ending_ && waiting_ == 0 && Clock::now() < until);
  return false;
}

}  // namespace aftercommit::dashboard
