/// What the roles of this process have met, as metrics tell it.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "base/metrics/counts.hpp"
#include "base/text/text.hpp"

namespace aftercommit::worker {

/// A name in memory that is shared between processes; one that is too long is cut.
class NameCell {
 public:
  void set(std::string_view name) noexcept {
    size_ = name.size() < bytes_.size() ? name.size() : bytes_.size();
    std::memcpy(bytes_.data(), name.data(), size_);
  }
  std::string_view get() const noexcept { return {bytes_.data(), size_}; }

 private:
  std::size_t size_ = 0;
  std::array<char, kNameLimit> bytes_{};
};

/// Cells with names, up to `most`; what comes beyond shares one.  One thread of one process adds; any reads.
template <class Cell, std::size_t most>
class NamedCells {
 public:
  Cell& of(std::string_view name) noexcept {
    const auto used = used_.load(std::memory_order_relaxed);
    for (std::size_t i = 0; i < used; ++i) {
      if (names_[i].get() == name) return cells_[i];
    }
    if (used == most) return others();
    names_[used].set(name);
    used_.store(used + 1, std::memory_order_release);
    return cells_[used];
  }
  Cell& others() noexcept { return cells_[most]; }

  /// `visit(name, cell)`; the name of the one that is shared is `other`.
  void each(std::string_view other, auto&& visit) const {
    const auto used = used_.load(std::memory_order_acquire);
    for (std::size_t i = 0; i < used; ++i) visit(names_[i].get(), cells_[i]);
    visit(other, cells_[most]);
  }

 private:
  std::atomic<std::size_t> used_{0};  // publishes the names
  std::array<NameCell, most> names_{};
  std::array<Cell, most + 1> cells_{};
};

/// Of the relay of one database.
struct RelayCounts {
  TimeSpread took;  ///< each sweep
  Count brought;    ///< jobs that the broker did not have
  /// When it had last brought all new jobs, by the steady clock, in ms; 0: never in this process.
  std::atomic<std::int64_t> caught_up_ms{0};
  std::atomic<bool> has_backlog{false};  ///< it goes through the rows that were there before
};

/// May stand in shared memory.
struct RoleCounts {
  Count redis_reconnects;     ///< outages of a role that are over
  Count database_reconnects;  ///< the same
  Count either_reconnects;    ///< of a role that needs both, and does not know which it was
  Count own_failures;         ///< that were no server's
  Count lease_losses;         ///< this worker was silent for too long
  Count broker_losses;        ///< the broker knew this worker no more
  Count settled_too_late;     ///< jobs that another worker had taken over by then
  Count sessions_ended;       ///< of workers that were silent, at the databases
  SizeSpread settled;         ///< how many jobs a call has settled
  NamedCells<RelayCounts, 8> relays;
  Count celery_jobs;      ///< messages of Celery's that became jobs
  Count celery_refused;   ///< those that could not
  Count celery_repeated;  ///< those that were received before
};

namespace role_counts_detail {
inline RoleCounts own;
inline std::atomic<RoleCounts*> place{&own};
}  // namespace role_counts_detail

/// Where this process counts.
inline RoleCounts& role_counts() noexcept {
  return *role_counts_detail::place.load(std::memory_order_relaxed);
}
/// From now on it counts there: before any role is made.  Not owned, outlives the process' roles.
inline void count_roles_in(RoleCounts& place) noexcept { role_counts_detail::place = &place; }

/// Of the steady clock, which all processes of a machine share.
inline std::int64_t steady_ms() noexcept {
  using std::chrono::milliseconds;
  return std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

}  // namespace aftercommit::worker
