#include "worker/telemetry.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/log/log_stream.hpp"
#include "base/metrics/families.hpp"
#include "broker/contract/broker.hpp"
#include "client/app/app_core.hpp"
#include "client/app/enqueue_counts.hpp"
#include "worker/metrics/health.hpp"
#include "worker/metrics/worker_families.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {
namespace {

/// For the servers' answers: less than a scrape may take, 10 s by default, also beside a slow one.
constexpr std::chrono::milliseconds kPatience{2000};

/// The queues that it serves, and, as far as there are labels, those that its tasks are declared for besides:
/// that nobody serves one is told by who does not.
std::vector<Queue> shown_queues(const App& app, std::vector<Queue> queues) {
  for (const auto& name : app.core().task_names()) {
    if (queues.size() >= aftercommit::detail::kMostQueueLabels) break;
    const auto& queue = app.core().find_task(name)->options.queue;
    if (std::ranges::find(queues, queue) == queues.end()) queues.push_back(queue);
  }
  return queues;
}

MetricFamily build_info() {
  auto info = family("aftercommit_build_info", MetricType::kGauge, "1, with the version of this worker.");
  add_sample(info, {{"version", AFTERCOMMIT_VERSION}}, 1);
  return info;
}

}  // namespace

ProcessMetrics::ProcessMetrics(Telemetry& telemetry, std::size_t number, App& app, const Options& options)
    : telemetry_{telemetry},
      app_{app},
      queues_{names_of(options.queues)},
      block_{telemetry.blocks.of(number)},
      listener_{block_, app.core().task_names(), queues_},
      dropped_before_{standard_error().dropped_ever()} {
  count_roles_in(block_.roles);
  app.core().count_in(block_.sends, [this](const std::string& task) -> aftercommit::detail::EnqueueCounts& {
    return block_.tasks.of(task).enqueued;
  });
  block_.starts.add();
  block_.health.concurrency = static_cast<std::int64_t>(options.relay_only ? 0 : options.concurrency);
  block_.health.running = 0;
  block_.health.prefetched = 0;
  block_.health.state = ProcessState::kStarting;
}

ProcessMetrics::~ProcessMetrics() {
  endpoint_.reset();
  block_.health.running = 0;
  block_.health.prefetched = 0;
  block_.health.state = ProcessState::kAbsent;
}

void ProcessMetrics::serve() {
  const auto* const blocks = &telemetry_.blocks;
  figures_.emplace(app_, make_broker(app_.options().redis_url), shown_queues(app_, queues_));
  endpoint_.emplace(telemetry_.socket,
                    Endpoint::Answers{.metrics =
                                          [this, blocks] {
                                            auto families = worker_families(blocks->all(), steady_ms());
                                            auto of_servers = figures_->get(kPatience);
                                            std::move(of_servers.begin(), of_servers.end(),
                                                      std::back_inserter(families));
                                            families.push_back(build_info());
                                            return families;
                                          },
                                      .livez = [blocks] { return livez(blocks->all(), steady_ms()); },
                                      .readyz = [blocks] { return readyz(blocks->all(), steady_ms()); },
                                      .is_its_turn = [blocks] { return blocks->take_turn(); }});
  log(LogLevel::kInfo, "metrics are served", {{"address", telemetry_.socket.address()}});
}

void ProcessMetrics::beat(const Condition& condition) noexcept {
  auto& health = block_.health;
  health.troubles = condition.troubles;
  health.running = static_cast<std::int64_t>(condition.running);
  health.prefetched = static_cast<std::int64_t>(condition.prefetched);
  health.beat_ms = steady_ms();
  if (health.state == ProcessState::kStarting) health.state = ProcessState::kServing;
  const auto dropped = standard_error().dropped_ever();
  block_.log_lines_dropped.add(dropped - std::exchange(dropped_before_, dropped));
}

void ProcessMetrics::stopping() noexcept { block_.health.state = ProcessState::kStopping; }

}  // namespace aftercommit::worker
