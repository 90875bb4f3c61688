/// One thread that runs jobs, one after the other.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <thread>

#include "worker/attempt.hpp"
#include "worker/job_buffer.hpp"
#include "worker/settler.hpp"

namespace aftercommit::worker {

class Executor {
 public:
  Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler);

  /// Cancels the statement of the running job, if any; from another thread.
  void cancel() noexcept { running_.cancel(); }
  /// The job that would not end in time: its database connection is cut, so that it cannot commit any more,
  /// and it is handed over to be given back.  Nothing if no job is running.  The process must exit soon
  /// after.
  std::optional<Fetched> abandon();

 private:
  void run();

  AttemptContext& context_;  // not owned, outlives this, as do the next two
  JobBuffer& buffer_;
  Settler& settler_;
  RunningTransaction running_;
  std::mutex mutex_;                // protects current_
  std::optional<Fetched> current_;  // what runs now and is ours to settle
  std::jthread thread_;             // last
};

}  // namespace aftercommit::worker
