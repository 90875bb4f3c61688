/// A real worker process, with what it writes.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "support/eventually.hpp"

namespace aftercommit::support {

/// Runs from construction on; killed with its children, if it still runs, when destroyed.
class WorkerProcess {
 public:
  /// `command` is the program and its arguments.  Of the test's own environment it sees all but the variables
  /// that a worker reads; `environment` comes on top.
  explicit WorkerProcess(std::vector<std::string> command,
                         std::map<std::string, std::string> environment = {});
  ~WorkerProcess();
  WorkerProcess(const WorkerProcess&) = delete;
  WorkerProcess& operator=(const WorkerProcess&) = delete;

  void signal(int number) const;
  pid_t id() const { return process_; }
  /// The processes that it watches, and so whichever run jobs now.
  std::vector<pid_t> children() const;

  /// Waits for its end; its exit code, 128 + the signal that killed it, or nothing if it still runs at the
  /// deadline.
  std::optional<int> exit_code(std::chrono::milliseconds deadline = kDeadline);
  bool runs();

  std::string output() const;                  ///< what it wrote to standard output until now
  std::string log() const;                     ///< and to standard error
  std::vector<std::string> log_lines() const;  ///< the complete ones
  /// The log of a worker with --log-format json; throws where a line is none.
  std::vector<nlohmann::json> events() const;
  /// Waits for text in the log; false if it did not come, or the worker ended without it.
  bool says(const std::string& text);
  /// How often the text stands in the log, which need not be JSON.
  long times_said(const std::string& text) const;
  /// How many events have this message.
  long count(const std::string& message) const;

 private:
  const std::filesystem::path folder_;
  pid_t process_ = 0;
  std::optional<int> exit_code_;
};

}  // namespace aftercommit::support
