/// The durable jobs that a process has taken from job tables by itself: what Redis holds elsewhere, of one
/// process.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "aftercommit/priority.hpp"
#include "broker/contract/aside.hpp"
#include "broker/contract/intake.hpp"
#include "broker/contract/levels.hpp"

namespace aftercommit {

/// Between who takes jobs from a table, one thread for each database, and who runs them.  The row stays the
/// truth: what is lost here is there.  Thread-safe.
class TakenJobs {
 public:
  using Clock = std::chrono::steady_clock;

  struct Job {
    JobId id;
    Queue queue;
    std::string payload;
    Priority level = Priority::kNormal;
    std::string database;  ///< by its alias: who took it
  };
  /// A job that its taker is to do something about.
  struct Left {
    enum class How : std::uint8_t {
      kDone,   ///< forget it
      kLater,  ///< look at its row again, after `again`
      kAside,  ///< it stays here, but others may take it as well
    };
    JobId id;
    Queue queue;
    How how = How::kDone;
    Millis again{0};
  };
  struct Wanted {
    std::vector<Queue> queues{};  ///< in order of preference
    std::size_t count = 0;        ///< zero: none are
  };
  struct Turn {
    Wanted wanted{};
    bool news = false;  ///< there may be new rows
    bool rest = false;  ///< none will be wanted for long
    std::vector<Left> left{};
  };

  /// What becomes of jobs that are to stand aside.
  enum class Aside : std::uint8_t {
    kKept,
    kPutOff,  ///< their rows are looked at again, as nobody here brings them back
  };
  explicit TakenJobs(Aside aside = Aside::kKept) : aside_jobs_{aside} {}

  // --- For who takes jobs from the table of one database.

  /// Waits until jobs are wanted and it is time to look for them, by news() or `look_at`, which is asked
  /// again whenever something changes; or until some are left; or stop.
  Turn wait(const std::string& database, const std::function<Clock::time_point(const Wanted&)>& look_at,
            const std::stop_token& stop);
  /// Jobs to hand out; none of an id that is here.
  void put(std::vector<Job> jobs);
  /// There may be new rows.
  void news(const std::string& database);
  /// None will be wanted for long: who takes them may let go of what that takes.
  void rest();
  /// How many have ever been.
  std::size_t handed_out() const;

  // --- For who runs them: as Intake and Aside say.

  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait);
  std::vector<Settled> settle(const WorkerId& worker, std::span<const Settlement> settlements);
  std::vector<Fetched> held_by(const WorkerId& worker, const Queue& queue,
                               std::span<const std::string> entries) const;
  std::vector<AsideJobs> aside(std::span<const Queue> queues, bool for_limits) const;
  std::size_t bring_back(const Queue& queue, const std::string& reason, std::size_t limit, bool all);

 private:
  enum class Where : std::uint8_t { kReady, kRunning, kAside };
  struct Held {
    Job job;
    Where where = Where::kReady;
    Clock::time_point since{};  // ready
    WorkerId worker{};          // running, as the next
    std::string entry{};
  };
  struct Ready {
    std::array<std::deque<JobId>, kLevels> levels;
    LevelShares shares{};
    bool empty() const {
      for (const auto& level : levels) {
        if (!level.empty()) return false;
      }
      return true;
    }
  };
  struct Source {
    bool news = true;
    bool rest = false;
    bool in_haste = false;  // some of what is left others may want
    std::vector<Left> left;
  };
  using AsideOrder = std::set<std::tuple<std::size_t, Clock::time_point, JobId>>;  // level, time, job

  void add_ready(Held& held);  // with mutex_ held, as all that follow
  void leave(const Held& held, Left::How how, Millis again);
  bool any_ready(std::span<const Queue> queues) const;
  void take_ready(const WorkerId& worker, const Queue& name, std::size_t count, std::vector<Fetched>& found);
  Settled settle(const WorkerId& worker, const Settlement& settlement);
  Clock::time_point leave_stale(const std::string& database, Clock::time_point now);
  bool is_wanted(Clock::time_point now) const { return wanted_.count > 0 && now < wanted_until_; }

  const Aside aside_jobs_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable ready_come_;
  std::condition_variable_any changed_;  // for takers
  std::uint64_t changes_ = 0;
  std::unordered_map<JobId, Held> jobs_;
  std::map<Queue, Ready> ready_;
  std::map<std::pair<Queue, std::string>, AsideOrder> aside_;  // by reason; none empty
  std::map<std::string, Source> sources_;                      // by database
  Wanted wanted_;
  Clock::time_point wanted_until_{};
  std::uint32_t entries_ = 0;  // handed out
};

}  // namespace aftercommit
