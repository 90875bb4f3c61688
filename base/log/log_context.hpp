/// What a thread is busy with, for the lines that it logs meanwhile.
#pragma once

#include <string_view>

#include "aftercommit/job_id.hpp"

namespace aftercommit {

/// The job that runs on a thread.  Nothing is owned, nor copied before a line is logged.
struct LoggedJob {
  const JobId& id;
  std::string_view task;
  int attempt;
};

/// From construction on the lines of this thread carry the job, until destroyed.  Not nested.
class LogOfJob {
 public:
  explicit LogOfJob(const LoggedJob& job) noexcept;
  ~LogOfJob();
  LogOfJob(const LogOfJob&) = delete;
  LogOfJob& operator=(const LogOfJob&) = delete;
};

}  // namespace aftercommit
