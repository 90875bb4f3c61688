/// The worker daemon, started as a user would.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "bench/system/tasks/report.hpp"

namespace aftercommit::bench {

/// Runs until destroyed; then ends in order.
class WorkerProcess {
 public:
  /// `jobs`: after so many the tasks write their report.  `options` come after --app and --log-level.
  WorkerProcess(std::int64_t jobs, std::vector<std::string> options);
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  /// It ends in order, while the caller does something else.
  void request_stop() const;
  /// Waits for the last job; std::runtime_error if the worker ends or takes longer than some minutes.
  Runs wait_for_report() const;
  /// The same for anything else: until `done` says so.
  void wait_until(const std::function<bool()>& done) const;

 private:
  std::string folder_;  // of the report
  pid_t pid_ = 0;
};

}  // namespace aftercommit::bench
