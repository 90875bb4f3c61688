/// Which jobs each worker process runs right now, in memory that outlives the process.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/batch.hpp"
#include "broker/contract/intake.hpp"

namespace aftercommit::worker {

struct SlotBlock;   // the shared memory of one executor
struct OtherEntry;  // in it, of one job that runs together with the first
struct ChildBlock;  // and of one process
class ChildSlots;

/// How far the start of a process has come.
enum class StartStep : std::uint8_t {
  kBeginning,  ///< nothing of the application's has run
  kLoading,    ///< its task library: static objects, then the tasks
  kChecking,   ///< the servers and their tables
  kStarting,   ///< gives back what the process before held, and starts its threads
};

/// One executor's place, to be copied freely; made without a process it does nothing.  For one thread.
class RunningSlot {
 public:
  RunningSlot() = default;

  /// This job runs from now on: whoever finds the process dead will blame it.  A crash midway leaves no half
  /// of it.
  /// `others` of the same queue run together with it, up to kMostInBatch.
  void hold(const Fetched& job, std::span<const Fetched> others = {}) noexcept;
  /// It no longer does; counts it, and tells ChildSlots::after_each_job.
  void clear() noexcept;
  /// This thread brings the process down, by its job if it has one.  Safe in a signal handler.
  void blame() noexcept;
  /// Its job brings the process down, as it has not ended at this limit.  From any thread.
  void time_out(std::chrono::milliseconds limit) noexcept;

 private:
  friend class ChildSlots;
  RunningSlot(SlotBlock& block, OtherEntry* others, ChildSlots& child) noexcept
      : block_{&block}, others_{others}, child_{&child} {}

  SlotBlock* block_ = nullptr;
  OtherEntry* others_ = nullptr;  // kMostInBatch of them
  ChildSlots* child_ = nullptr;
};

/// One worker process: written by itself, read by the parent and by the process that replaces it.
class ChildSlots {
 public:
  struct Held {
    Queue queue;
    std::string entry;
    /// It had not ended at this limit: no crash.  Not of jobs that ran together, of which nobody knows whose
    /// fault that was.
    std::optional<std::chrono::milliseconds> timed_out_after{};
  };

  /// From here on the process is this worker, which may hold jobs: before its Daemon.
  void set_worker(const WorkerId& worker) noexcept;
  WorkerId worker() const;  ///< empty until set
  /// The Daemon runs: whatever ends the process now, it was able to start.
  void set_ready() noexcept;
  bool ready() const noexcept;
  void enter(StartStep step) noexcept;
  StartStep step() const noexcept;
  /// It has said in a sentence why it cannot start.
  void set_refused() noexcept;
  bool refused() const noexcept;

  /// Of one executor, counted from 0; one that does nothing for those beyond the concurrency.
  RunningSlot slot(std::size_t executor) noexcept;
  /// What the executors were running when the process ended; where it is known which of them brought it down,
  /// that one's alone.
  std::vector<Held> running() const;
  /// Why the process has ended, where it knew better than its exit code says; else empty.  The first one set
  /// counts, the first 510 bytes of it.
  std::string reason() const;
  void set_reason(std::string_view reason) noexcept;
  std::uint64_t jobs_done() const noexcept;
  std::uint64_t jobs_started() const noexcept;

  /// The process has begun an orderly stop: any end without this mark is a crash, exit code 0 included.
  /// `to_be_replaced`: of its own will, as it has reached a limit.
  void begin_stop(bool to_be_replaced) noexcept;
  bool stopping() const noexcept;
  bool to_be_replaced() const noexcept;

  /// The process lives, and its threads get on: written again and again once it is ready.
  void beat() noexcept;
  /// When it was last written, by the steady clock of the machine; nothing: not since the process began.
  std::optional<std::chrono::steady_clock::time_point> last_beat() const noexcept;

  /// By the parent: another one is to take its place, which the process finds out within a second.
  void ask_to_be_replaced() noexcept;
  bool asked_to_be_replaced() const noexcept;

  /// Called after each job by the thread that ran it, in this process alone.  Set before the executors start.
  void after_each_job(std::function<void()> call) { after_each_job_ = std::move(call); }

  /// A new process begins; what the one before held stays until that is given back.
  void begin() noexcept;
  /// Nobody is to blame: the process ended of itself, and only what it held is to be given back.
  void forget_running() noexcept;
  /// Nothing is left of the process before.
  void reset() noexcept;

 private:
  friend class RunningSlot;
  friend class RunningSlots;
  ChildSlots(ChildBlock& block, SlotBlock* slots, OtherEntry* others, std::size_t count) noexcept
      : block_{&block}, slots_{slots}, others_{others}, count_{count} {}

  ChildBlock* block_;  // in the shared memory, as is the next
  SlotBlock* slots_;
  OtherEntry* others_;  // kMostInBatch for each of them
  std::size_t count_;
  std::function<void()> after_each_job_;
};

/// The memory of all processes: made before the first of them, shared with each.
class RunningSlots {
 public:
  /// Throws std::system_error if there is no memory.
  RunningSlots(std::size_t processes, std::size_t concurrency);
  ~RunningSlots();
  RunningSlots(const RunningSlots&) = delete;
  RunningSlots& operator=(const RunningSlots&) = delete;

  ChildSlots& child(std::size_t process) { return children_.at(process); }

 private:
  void* memory_ = nullptr;
  std::size_t bytes_ = 0;
  std::vector<ChildSlots> children_;
};

}  // namespace aftercommit::worker
