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
#include "dashboard/request.hpp"
#include "operate/glance.hpp"
#include "operate/servers.hpp"

namespace aftercommit::dashboard {

/// Looks every two seconds while somebody watches, else every half a minute, so that charts have no gaps; and
/// never for more than a twentieth of the time, however slow the servers are; one that is away costs nobody
/// anything, and is looked at again soon.  Pages get what was seen last: their number costs the servers
/// nothing.  Thread-safe.
class Collector {
 public:
  /// Throws UsageError as Metrics does.
  Collector(operate::Connections connections, const std::vector<std::string>& metrics);
  ~Collector();

  /// The first page: sums, charts from `since` on, what wants a look, the lamp, what was healed.
  operate::Json overview(History::Time since);
  /// All queues.
  operate::Json queues();
  /// Their names, sorted, as of the last minute; nothing where Redis was not looked through yet.
  std::optional<std::vector<Queue>> queue_names();
  /// Why no look at the servers is of use now, as the last one has found; nothing: it may be of use.
  std::optional<Refusal> trouble();
  /// The sum of audit, once it is known how many jobs there are.
  AuditWatch& audit();
  /// Somebody has changed something: looks anew soon.
  void look_again();

  using Clock = std::chrono::steady_clock;
  /// What of the time of a look counts towards its twentieth; `answers`: null where nobody has answered.
  static Clock::duration cost_of(Clock::duration took, const operate::Answers* answers);

 private:
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
  void look_at_servers();
  void scan();
  void look_at_relays();
  void watched_and_seen(std::unique_lock<std::mutex>& lock);  // waits for the first look
  operate::Json queue_in_json(const std::string& name,
                              const operate::QueueGlance& queue) const;  // with mutex_
  operate::Json attention() const;                                       // with mutex_
  operate::Json state() const;                                           // with mutex_
  std::string trouble_now() const;                                       // with mutex_; empty: there is none

  const operate::Connections connections_;
  const Metrics metrics_;
  std::unique_ptr<operate::Servers> servers_;  // of thread_ alone, as what follows
  std::vector<Queue> known_queues_;            // sorted
  bool scanned_ = false;                       // that are all, but for new ones
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
  std::optional<std::vector<Queue>> queue_names_;
  std::optional<Refusal> trouble_;                  // why the last look gave nothing
  std::optional<Clock::time_point> looking_since_;  // of one that is under way
  History::Time at_{};                              // of the last look
  std::map<Queue, std::chrono::milliseconds> relay_lags_;
  Metrics::Seen healed_;
  History history_;
  AuditWatch audit_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::dashboard
