/// What is the same however jobs are asked for: middleware around the call, jobs as they travel, counts.
#pragma once

#include <cstddef>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/middleware.hpp"
#include "aftercommit/task.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/app/job_description.hpp"
#include "client/app/route.hpp"
#include "client/app/unique_jobs.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// Makes the jobs of these calls; `seen`: as middleware has left the call, null: there is none.
using Ask = std::function<std::vector<JobId>(std::vector<nlohmann::json> calls, const EnqueueCall* seen)>;

/// Calls `ask` within the app's middleware, of which there is some.
std::vector<JobId> ask_within_some(const TaskEntry& task, const CallOptions& options,
                                   const std::vector<nlohmann::json>& calls, const Ask& ask);

/// Calls `ask`, which is an Ask, within the app's middleware, or as it is where that has none.
template <class Asks>
std::vector<JobId> ask_within_middleware(const TaskEntry& task, const CallOptions& options,
                                         std::vector<nlohmann::json> calls, const Asks& ask) {
  if (task.app.core().middleware().enqueue.empty() || calls.empty()) return ask(std::move(calls), nullptr);
  return ask_within_some(task, options, calls, ask);
}

/// As describe(), with what middleware has made of headers and trace.
JobDescription describe_as_seen(const TaskEntry& task, const CallOptions& options, AppCore& app,
                                const EnqueueCall* seen);

/// The jobs of a call as they travel, on the way that was found.  Throws PayloadError.
class Packing {
 public:
  /// `asked` is not owned and outlives this.
  Packing(const JobDescription& asked, const Route& route, std::size_t limit);

  /// The next one, with an id of its own.
  Outgoing pack(nlohmann::json args);
  /// The same as it waits for a commit.
  PendingJob pack_to_wait(nlohmann::json args);
  /// Of the one that was packed last.
  const JobId& id() const noexcept { return job_.id; }

 private:
  const JobDescription& asked_;
  const std::size_t limit_;
  Envelope job_;
};

/// The row, and with it what is sent, for a database whose encoding may lack a character of it.  Throws
/// PayloadError.
void write_in_ascii(const TaskEntry& task, std::vector<PendingJob>& jobs, std::size_t limit);

/// For metrics.  `unique`: what makes the jobs so, and has found out which of them there are; null: nothing.
void count_asked(const TaskEntry& task, const Route& route, std::size_t jobs,
                 const UniqueCall* unique) noexcept;

}  // namespace aftercommit::detail
