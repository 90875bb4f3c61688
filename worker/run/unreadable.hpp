/// How a job ends whose text cannot be read here: together with its row, if it has one.
#pragma once

#include <chrono>
#include <map>
#include <mutex>

#include "aftercommit/job_id.hpp"
#include "base/text/malformed.hpp"
#include "broker/contract/intake.hpp"

namespace aftercommit::worker {

struct AttemptContext;

/// How long this process has seen jobs which only others can read.  Thread-safe.
class Unreadable {
 public:
  using Clock = std::chrono::steady_clock;

  /// Since it saw this one first; zero the first time, and for those beyond some thousands.
  std::chrono::milliseconds waited(const JobId& job);
  void forget(const JobId& job);
  /// True once: so much is said of them.
  bool first();

 private:
  struct Seen {
    Clock::time_point first;
    Clock::time_point last;
  };

  std::mutex mutex_;  // protects what follows
  std::map<JobId, Seen> seen_;
  bool said_ = false;
};

/// Settles what decode() has refused.  Text that is no job is buried; a job of a later version, or over the
/// limit of this worker, goes back until one comes that reads it, and is buried when the grace of unknown
/// tasks has passed.  Where the text names a job that has a row, that row shares its fate, and is asked
/// first: its own text may be better.
Settlement settle_unreadable(AttemptContext& context, const Fetched& fetched, const Malformed& malformed,
                             std::chrono::system_clock::time_point now);

}  // namespace aftercommit::worker
