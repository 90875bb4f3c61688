/// What the shutdown may know of the running attempt, and do to it, from outside.
#pragma once

#include <mutex>

#include "aftercommit/database.hpp"
#include "worker/progress.hpp"

namespace aftercommit::worker {

/// Thread-safe.
class RunningJob {
 public:
  void begin() noexcept;               ///< of a job: nothing is committed yet
  void enter(Atomic& block) noexcept;  ///< the attempt runs in this block until leave()
  void leave() noexcept;               ///< before the block is gone

  /// True once the transaction of the job has been committed: it must not be given back any more.
  bool committed() const noexcept;
  void cancel() noexcept;  ///< ends the running statement; may wait for the server
  void sever() noexcept;   ///< cuts the connection, waits for nothing

  Progress progress{};  ///< of the thread that runs it

 private:
  mutable std::mutex mutex_;  // held while block_ is used, so that it cannot end meanwhile
  Atomic* block_ = nullptr;
  Transaction* transaction_ = nullptr;
  bool committed_ = false;
};

}  // namespace aftercommit::worker
