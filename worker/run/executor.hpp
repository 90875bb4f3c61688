/// One thread that runs jobs, one after the other.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "worker/intake/job_buffer.hpp"
#include "worker/roles/reconnect.hpp"
#include "worker/roles/settler.hpp"
#include "worker/run/attempt.hpp"
#include "worker/run/batch.hpp"
#include "worker/watch/running_slots.hpp"
#include "worker/watch/watchdog.hpp"

namespace aftercommit::worker {

class Executor {
 public:
  /// `slot`: where it says what it runs, for who finds this process dead.
  Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler, RunningSlot slot = {});

  /// Has the statement of the running job cancelled, if there is one; does not wait for the server.
  void cancel() noexcept;
  /// How to settle the job that would not end in time: its connection is cut, so that it cannot commit any
  /// more, and it is given back; or forgotten, where it has committed and only its hooks still run.  Nothing
  /// if no job is running.  The process must exit soon after.
  std::vector<Settlement> abandon();

  // For the watchdog.
  const Progress& progress() const noexcept { return running_->progress; }
  Watchdog::Cause cause(Phase phase) const;
  std::optional<Watchdog::Watched::Job> job_at_hand();

 private:
  void run(const std::stop_token& stop);
  void run_to_its_end(Attempt& attempt, std::optional<Attempt>& ahead, const std::stop_token& stop);
  void make_attempt(std::optional<Attempt>& attempt, std::optional<Fetched> job);
  detail::Riders* begin_next(const Attempt& attempt, std::optional<Attempt>& ahead);
  bool start(const Attempt& attempt);
  std::optional<Fetched> take(const std::stop_token& stop);
  bool run_together(const std::stop_token& stop);
  void settle_together(Batch::Outcome outcome);
  void settle(const Fetched*& held, Settlement settlement);
  void give_back_ahead(std::optional<Attempt>& attempt);

  AttemptContext& context_;  // not owned, outlives this, as do the next two
  JobBuffer& buffer_;
  Settler& settler_;
  RunningSlot slot_;  // used by thread_ alone, as the next
  Reconnect trouble_{"running jobs"};
  const std::shared_ptr<RunningJob> running_ = std::make_shared<RunningJob>(slot_);
  std::vector<Fetched> together_;     // that run in one transaction; changed while is_together_ is not set
  std::mutex mutex_;                  // protects the next four
  bool is_together_ = false;          // those run now, and not current_
  const Fetched* current_ = nullptr;  // what runs now; null: nothing.  Owned by run(), as is the next
  const Fetched* ahead_ = nullptr;    // what runs after it; null: not known yet
  bool abandoned_ = false;            // neither is ours to settle any more
  std::jthread thread_;               // last
};

}  // namespace aftercommit::worker
