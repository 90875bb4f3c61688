/// The first step of enqueueing: what the call and its task say of a job.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "aftercommit/headers.hpp"
#include "aftercommit/task.hpp"
#include "aftercommit/trace.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::detail {

/// The same for all jobs of a call, and checked.
struct JobDescription {
  const TaskEntry& task;  // not owned, as the next
  const CallOptions& options;
  std::string queue;
  std::chrono::system_clock::time_point asked_at;
  std::optional<std::chrono::system_clock::time_point> expires_at;
  const Headers* headers;     // not owned, as the next; those of the options, unless middleware has its own
  const TraceContext* trace;  // null: none

  /// What all of them have in common: an id that none of them has, no arguments, and nothing of their way.
  Envelope pattern() const;
};

/// Throws UsageError for options that are wrong whatever way the jobs take.
JobDescription describe(const TaskEntry& task, const CallOptions& options, AppCore& app);

}  // namespace aftercommit::detail
