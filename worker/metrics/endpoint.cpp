#include "worker/metrics/endpoint.hpp"

#include <fcntl.h>
#include <httplib.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <exception>
#include <functional>
#include <sstream>
#include <stop_token>
#include <thread>
#include <utility>

#include "aftercommit/log.hpp"
#include "aftercommit/prometheus/collectable.hpp"
#include "base/pause.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kThreads = 3;
constexpr std::chrono::milliseconds kBetweenTurns{100};
constexpr std::chrono::milliseconds kBetweenLooks{50};  // whether it is to end
constexpr time_t kSlowest = 2;                          // seconds, for a request

constexpr const char* kText = "text/plain; version=0.0.4; charset=utf-8";

/// The library has its thread for new connections end when it finds no socket any more; where another thread
/// takes that away, it may just be waiting for it.  So that thread does it by itself, after each wait and
/// each connection.
class Threads final : public httplib::TaskQueue {
 public:
  explicit Threads(std::function<void()> look) : look_{std::move(look)} {}

  auto enqueue(std::function<void()> call)
      -> decltype(std::declval<httplib::TaskQueue&>().enqueue({})) override {
    look_();
    return pool_.enqueue(std::move(call));
  }
  void on_idle() override { look_(); }
  void shutdown() override { pool_.shutdown(); }

 private:
  const std::function<void()> look_;
  httplib::ThreadPool pool_{kThreads};
};

}  // namespace

std::string prometheus_text(const std::vector<MetricFamily>& families) {
  std::vector<prometheus::MetricFamily> shown;
  for (const auto& family : families) {
    if (!family.samples.empty()) shown.push_back(to_prometheus(family));
  }
  std::ostringstream text;
  prometheus::TextSerializer{}.Serialize(text, shown);
  return std::move(text).str();
}

class Endpoint::Server : private httplib::Server {
 public:
  Server(const ListeningSocket& socket, Answers answers) : socket_{socket}, answers_{std::move(answers)} {
    set_keep_alive_max_count(1);
    set_keep_alive_timeout(kSlowest);  // also for the first request
    set_read_timeout(kSlowest);
    set_write_timeout(kSlowest);
    set_payload_max_length(0);
    set_idle_interval(kBetweenLooks);
    set_exception_handler([](const httplib::Request&, httplib::Response& response, std::exception_ptr) {
      response.status = 500;
      response.set_content("cannot be told right now\n", kText);
    });
    Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(prometheus_text(answers_.metrics()), kText);
    });
    Get("/livez",
        [this](const httplib::Request&, httplib::Response& response) { answer(response, answers_.livez()); });
    Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
      answer(response, answers_.readyz());
    });
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
  }

  /// Not by stop(), which would shut the socket down for the other processes as well.
  ~Server() override {
    thread_.request_stop();
    thread_.join();
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

 private:
  static void answer(httplib::Response& response, const Verdict& verdict) {
    response.status = verdict.good ? 200 : 503;
    response.set_content(verdict.text, kText);
  }

  void run(const std::stop_token& stop) {
    new_task_queue = [&] {
      return new Threads{[&] {
        if (stop.stop_requested()) svr_sock_ = INVALID_SOCKET;
      }};
    };
    while (!stop.stop_requested()) {
      if (answers_.is_its_turn()) serve();
      pause_.wait(kBetweenTurns, stop);
    }
  }

  /// Returns when it is to end, or where a connection could not be taken: then the library closes the file,
  /// and so is given one of its own.
  void serve() {
    const int file = ::fcntl(socket_.file(), F_DUPFD_CLOEXEC, 0);
    if (file < 0) return;
    svr_sock_ = file;
    bool closed = false;
    try {
      closed = !listen_after_bind();
    } catch (const std::exception& error) {
      log(LogLevel::kError, "metrics cannot be served; trying again", {{"error", error.what()}});
    }
    svr_sock_ = INVALID_SOCKET;
    if (!closed) ::close(file);
  }

  const ListeningSocket& socket_;
  const Answers answers_;
  Pause pause_;
  std::jthread thread_;
};

Endpoint::Endpoint(const ListeningSocket& socket, Answers answers)
    : server_{std::make_unique<Server>(socket, std::move(answers))} {}

Endpoint::~Endpoint() = default;

}  // namespace aftercommit::worker
