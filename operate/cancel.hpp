/// Jobs that are not to run after all, and those that were cancelled lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "aftercommit/cancel.hpp"
#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/look.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// What has become of one id.
struct CancelOutcome {
  std::string id;
  Cancelled answer = Cancelled::kUnknown;
  std::string database{};  ///< the alias of the one that knows the job; empty: none does
  Queue queue{};           ///< in which Redis alone has the job; empty: it has none of that id

  /// Whether there was a job that will not run, or is asked to stop.
  bool is_cancelled() const;
};

struct CancelReport {
  std::vector<CancelOutcome> jobs{};  ///< in the order of the ids
  Answers answers{};
};

/// Cancels these jobs, wherever they are; `note`: why, may be empty.  One that no database knows may be a job
/// of another delivery: it will not take effect, and Redis is looked through for one of that id, to its end
/// or up to `bounds`.  Throws as Servers::look_at_each(), and ConfigError where the tables are too old.
CancelReport cancel_jobs(Servers& servers, const std::vector<JobId>& ids, const std::string& note,
                         const std::optional<LookBounds>& bounds = {});

Json in_json(const CancelReport& report);

/// A sentence without its end on what becomes of it.
std::string meaning(const CancelOutcome& outcome);

struct CancelledJob {
  std::string id;
  std::string database;  ///< alias of the one that keeps it
  Queue queue{};         ///< empty: not known, as of a job of another delivery; so the next
  std::string task{};
  /// Where it stood: "waiting", "delayed", "running", "unknown"; "requested" while it still runs; "too_late"
  /// where it took effect first.
  std::string state{};
  std::chrono::system_clock::time_point at{};
  std::string note{};
};

struct CancelledList {
  std::vector<CancelledJob> jobs{};  ///< the newest first
  bool more = false;                 ///< there are older ones than these
  Answers answers{};
};

/// The newest `limit` of those that the databases remember, 7 days unless workers are told otherwise.
CancelledList newest_cancelled(Servers& servers, std::size_t limit);

Json in_json(const CancelledList& list);

}  // namespace aftercommit::operate
