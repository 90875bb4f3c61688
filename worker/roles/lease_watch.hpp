/// Who has not renewed a lease for as long as it is, by the clock of who looks.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/contract/leases.hpp"

namespace aftercommit::worker {

/// The broker's clock only says how long a lease is: it may make a step, and another server, to which a
/// failover leads, has another one.  So a worker is silent once somebody has seen its lease unchanged for all
/// of its length, and never for less than a lease of one's own.  For one thread.
class LeaseWatch {
 public:
  using Clock = std::chrono::steady_clock;

  /// `own`: the length of the leases of who looks.
  explicit LeaseWatch(Millis own) : own_{own} {}

  /// What the broker has now: all of it.
  void saw(const std::vector<LeaseView>& leases, Clock::time_point now);

  /// A worker that is silent, and the leases with which it was seen.
  struct Silent {
    WorkerId worker;
    std::vector<std::pair<Queue, std::string>> marks;
  };
  std::vector<Silent> silent(Clock::time_point now) const;

  /// Until when each worker lives by what was last seen.
  std::map<WorkerId, Clock::time_point> alive_until() const;

  /// Whether the worker had a lease when last seen, which has not ended.
  bool lives(const WorkerId& worker, Clock::time_point now) const;

 private:
  struct Seen {
    std::string mark;
    Clock::time_point ends;
  };

  const Millis own_;
  std::map<std::pair<WorkerId, Queue>, Seen> seen_;
};

}  // namespace aftercommit::worker
