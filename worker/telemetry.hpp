/// What --metrics serves: made before the processes, and kept by each of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "worker/metrics/endpoint.hpp"
#include "worker/metrics/listening_socket.hpp"
#include "worker/metrics/metrics_listener.hpp"
#include "worker/metrics/server_figures.hpp"
#include "worker/metrics/shared_blocks.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// Of all processes of a worker: one port, and the memory in which they count.  Nothing of it is made without
/// --metrics.
struct Telemetry {
  /// Throws UsageError where the port is not to be had.
  explicit Telemetry(const Options& options)
      : socket{options.metrics}, blocks{options.processes > 0 ? options.processes : 1} {}

  ListeningSocket socket;
  SharedBlocks blocks;
};

/// What a process sees of itself.
struct Condition {
  std::uint32_t troubles = 0;  ///< a bit for each Trouble
  std::size_t running = 0;
  std::size_t prefetched = 0;
};

inline void note(std::uint32_t& troubles, Trouble trouble, bool is_there) noexcept {
  if (is_there) troubles |= 1U << static_cast<unsigned>(trouble);
}

/// Of one process, for as long as it runs jobs.
class ProcessMetrics {
 public:
  /// The process counts from now on, before it has asked a server anything.  `telemetry` and `app` are not
  /// owned and outlive this.
  ProcessMetrics(Telemetry& telemetry, std::size_t number, App& app, const Options& options);
  ~ProcessMetrics();
  ProcessMetrics(const ProcessMetrics&) = delete;
  ProcessMetrics& operator=(const ProcessMetrics&) = delete;

  Listener& listener() noexcept { return listener_; }

  /// All runs: from now on it answers, if it is its turn.
  void serve();
  /// Again and again while it runs.
  void beat(const Condition& condition) noexcept;
  void stopping() noexcept;

 private:
  Telemetry& telemetry_;
  App& app_;
  const std::vector<std::string> queues_;
  ProcessBlock& block_;
  MetricsListener listener_;
  std::uint64_t dropped_before_ = 0;
  std::optional<ServerFigures> figures_;
  std::optional<Endpoint> endpoint_;  // last: uses the others
};

}  // namespace aftercommit::worker
