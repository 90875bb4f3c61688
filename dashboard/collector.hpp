/// The one who looks at the servers for all open pages.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "dashboard/audit_watch.hpp"
#include "dashboard/history.hpp"
#include "dashboard/metrics.hpp"
#include "operate/glance.hpp"
#include "operate/servers.hpp"

namespace aftercommit::dashboard {

/// Looks every two seconds while somebody watches, else every half a minute, so that charts have no gaps; and
/// never for more than a twentieth of the time, however slow the servers are.  Pages get what was seen last:
/// their number costs the servers nothing.  Thread-safe.
class Collector {
 public:
  /// Throws UsageError as Metrics does.
  Collector(operate::Connections connections, const std::vector<std::string>& metrics);
  ~Collector();

  /// The first page: sums, charts from `since` on, what wants a look, the lamp, what was healed.
  operate::Json overview(History::Time since);
  /// All queues.
  operate::Json queues();
  /// Their names; none where the servers have not answered yet.
  std::vector<Queue> queue_names();
  /// The sum of audit, once it is known how many jobs there are.
  AuditWatch& audit();
  /// Somebody has changed something: looks anew soon.
  void look_again();

 private:
  using Clock = std::chrono::steady_clock;
  /// Something that costs more: done again when so much time has passed, and never for more than a twentieth.
  class Pace {
   public:
    explicit Pace(std::chrono::milliseconds least) : least_{least} {}
    bool is_time() const { return Clock::now() >= next_; }
    void took(Clock::duration cost) { next_ = Clock::now() + std::max<Clock::duration>(least_, cost * 20); }
    void at_once() { next_ = {}; }

   private:
    std::chrono::milliseconds least_;
    Clock::time_point next_{};
  };

  void run(const std::stop_token& stop);
  void look(const std::stop_token& stop);
  void look_at_relays();
  void watched_and_seen(std::unique_lock<std::mutex>& lock);  // waits for the first look
  operate::Json queue_in_json(const std::string& name,
                              const operate::QueueGlance& queue) const;  // with mutex_
  operate::Json attention() const;                                       // with mutex_
  operate::Json state() const;                                           // with mutex_

  const operate::Connections connections_;
  const Metrics metrics_;
  std::unique_ptr<operate::Servers> servers_;  // of thread_ alone, as what follows
  std::vector<Queue> known_queues_;
  Pace glances_{std::chrono::seconds{2}};
  Pace scans_{std::chrono::seconds{60}};
  Pace relays_{std::chrono::seconds{10}};
  Pace metric_looks_{std::chrono::seconds{10}};

  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any wake_;
  std::condition_variable_any seen_;
  Clock::time_point watched_at_{};
  bool hurry_ = false;
  bool looked_ = false;
  std::optional<operate::Glance> glance_;
  std::string trouble_;  // why the last look gave nothing
  History::Time at_{};   // of the last look
  std::map<Queue, std::chrono::milliseconds> relay_lags_;
  Metrics::Seen healed_;
  History history_;
  AuditWatch audit_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::dashboard
