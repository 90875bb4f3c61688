#include "fault/harness/effects.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>

#include "aftercommit/retry.hpp"
#include "fault/harness/fault_tasks.hpp"

namespace aftercommit::fault {

Deliberate::Deliberate(int attempt)
    : std::runtime_error{std::string{kDeliberate} + " failure of attempt " + std::to_string(attempt)} {}

/// One write: a killed process leaves a whole line, or none.
void note_run(const JobId& job, int attempt) {
  static const char* const path = std::getenv(kRunsVariable);
  if (path == nullptr) throw Reject{"FAULT_RUNS is not set"};
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::system_clock::now().time_since_epoch());
  const auto line = job.str() + " " + std::to_string(attempt) + " " + std::to_string(::getpid()) + " " +
                    std::to_string(now.count()) + "\n";
  // Opened each time: a task may have closed all files of its process.
  const int file = ::open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  const auto written = ::write(file, line.data(), line.size());
  ::close(file);
  if (written != static_cast<ssize_t>(line.size())) throw Reject{"the runs file cannot be written"};
}

void note_run(const Job& job) { note_run(job.id(), job.attempt()); }

void add_one(Transaction& tx, long slot) { tx.exec("UPDATE counter SET n = n + 1 WHERE slot = $1", slot); }

void add_one(Job& job, long slot) { add_one(job.transaction(), slot); }

long take_effect(Transaction& tx, const Job& job, long slot, const std::optional<std::string>& child) {
  const auto id =
      tx.exec("INSERT INTO effect(job_id, attempt, pid, child) VALUES ($1, $2, $3, $4) RETURNING id",
              job.id().str(), job.attempt(), ::getpid(), child)[0][0];
  add_one(tx, slot);
  return id.as<long>();
}

long take_effect(Job& job, long slot, const std::optional<std::string>& child) {
  return take_effect(job.transaction(), job, slot, child);
}

}  // namespace aftercommit::fault
