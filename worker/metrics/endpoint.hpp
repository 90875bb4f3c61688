/// Answers those that look at a worker over HTTP: /metrics, /livez and /readyz.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "aftercommit/metrics.hpp"
#include "worker/metrics/health.hpp"
#include "worker/metrics/listening_socket.hpp"

namespace aftercommit::worker {

/// On threads of its own.  It knows GET and HEAD of these three alone, closes each connection after its
/// answer, and lets nobody be silent for longer than two seconds.
class Endpoint {
 public:
  /// Called from any thread, also at the same time.
  struct Answers {
    std::function<std::vector<MetricFamily>()> metrics;
    std::function<Verdict()> livez;
    std::function<Verdict()> readyz;
    /// Asked again and again until it is true: whether this process is to answer from now on.
    std::function<bool()> is_its_turn;
  };

  /// `socket` is not owned and outlives this.
  Endpoint(const ListeningSocket& socket, Answers answers);
  ~Endpoint();
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

/// In the text format of Prometheus.
std::string prometheus_text(const std::vector<MetricFamily>& families);

}  // namespace aftercommit::worker
