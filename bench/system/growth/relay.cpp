/// What the relay costs.
#include "worker/relay/relay.hpp"

#include <chrono>
#include <vector>

#include "bench/system/growth/growth.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/timing/percentiles.hpp"
#include "bench/system/timing/stopwatch.hpp"
#include "bench/system/workers/workers.hpp"
#include "broker/contract/broker.hpp"

namespace aftercommit::bench {
namespace {

struct OwnRelay {
  explicit OwnRelay(const Setting& setting)
      : sweeper{*broker, app().database(), queue_names(setting), defaults::kPayloadLimit, kNoLimits} {}

  /// All that there is; answers how many were missing.
  std::size_t sweep() {
    auto brought = sweeper.sweep();
    while (sweeper.goes_on_at()) brought += sweeper.sweep();
    return brought;
  }

  static constexpr worker::Sweeper::Limits kNoLimits{.rows = 1e12, .jobs = 1e12};

  std::unique_ptr<Broker> broker = make_broker(redis_url());
  worker::Sweeper sweeper;
};

}  // namespace

nlohmann::json growth_sweep(const Setting& setting) {
  OwnRelay relay{setting};
  relay.sweep();  // connects, and brings what there is
  std::vector<std::int64_t> taken_ns;
  for (std::int64_t i = 0; i < setting.jobs; ++i) {
    sql("SELECT pg_current_xact_id()");  // a snapshot that no sweep has seen
    const auto began = monotonic_ns();
    relay.sweeper.sweep();
    taken_ns.push_back(monotonic_ns() - began);
  }
  return percentiles(std::move(taken_ns));
}

nlohmann::json growth_relay(const Setting& setting) {
  OwnRelay relay{setting};
  const Stopwatch watch;
  const auto brought = relay.sweep();
  return {{"rate", watch.rate(static_cast<std::int64_t>(brought))}, {"jobs", brought}};
}

}  // namespace aftercommit::bench
