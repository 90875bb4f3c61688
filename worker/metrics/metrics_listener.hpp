/// Counts what happens to jobs.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "worker/events/event.hpp"
#include "worker/metrics/process_block.hpp"

namespace aftercommit::worker {

/// By atomic additions alone: nothing is locked, allocated or waited for.  A task or queue that it was not
/// told of at the beginning counts among the others.
class MetricsListener final : public Listener {
 public:
  /// `block` is not owned and outlives this.
  MetricsListener(ProcessBlock& block, const std::vector<std::string>& tasks,
                  const std::vector<std::string>& queues);

  void on(const Event& event) override;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const noexcept {
      return std::hash<std::string_view>{}(text);
    }
  };
  template <class Cell>
  using Cells = std::unordered_map<std::string, Cell*, Hash, std::equal_to<>>;

  TaskCell& task(const JobName& job) const noexcept;
  void ended(const JobName& job, Outcome outcome) const noexcept;

  void count(const JobStarted& event) const noexcept;
  void count(const JobDone& event) const noexcept;
  void count(const JobRerun& event) const noexcept;
  void count(const BatchFailed& event) const noexcept;
  void count(const JobTroubleAfterCommit& event) const noexcept;
  void count(const JobRetried& event) const noexcept;
  void count(const JobSnoozed& event) const noexcept;
  void count(const JobPutOff& event) const noexcept;
  void count(const JobOutdated& event) const noexcept;
  void count(const JobPutAside& event) const noexcept;
  void count(const JobGivenBack& event) const noexcept;
  void count(const JobCrashed& event) const noexcept;
  void count(const JobExpired& event) const noexcept;
  void count(const JobCancelled& event) const noexcept;
  void count(const JobSkipped& event) const noexcept;
  void count(const JobBuried& event) const noexcept;
  void count(const JobHookFailed&) const noexcept {}
  void count(const JobCrashNotKept&) const noexcept {}
  void count(const DatabaseDoubted&) const noexcept {}
  void count(const DatabaseAway&) const noexcept {}
  void count(const DatabaseServesAgain&) const noexcept {}

  ProcessBlock& block_;
  Cells<TaskCell> tasks_;  // constant after construction, as is the next
  Cells<QueueCell> queues_;
};

/// When a job of this entry became ready, in ms since 1970; 0 where the entry does not say.
std::int64_t ready_at_ms(std::string_view entry) noexcept;

}  // namespace aftercommit::worker
