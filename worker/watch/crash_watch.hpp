/// Finds out which executor's thread brings the process down, so that no other job is blamed.
#pragma once

#include <chrono>
#include <csignal>
#include <cstddef>
#include <memory>

#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// For the life of a process that is watched, on its main thread: notes who crashes by a signal that nobody
/// else handles, and ends the process at once where a task calls exit(), whose destructors would run under
/// the feet of the other threads.
/// `slots` is not owned and outlives the process.  Throws std::system_error if there is no file to be had.
void watch_for_crashes(ChildSlots& slots);

/// Ends the process if a task has closed its files: the numbers of its connections may be those of others by
/// now, and nothing that it sends or waits for can be relied on.  From any thread.
void check_files();

/// For as long as a task or its hooks run: check_files() when they end, before a connection that takes the
/// place of a lost one gets a number that they have closed.  What took no longer than `harmless` is spared
/// it.
class FileWatch {
 public:
  explicit FileWatch(std::chrono::microseconds harmless = {}) : harmless_{harmless} {}
  ~FileWatch();
  FileWatch(const FileWatch&) = delete;
  FileWatch& operator=(const FileWatch&) = delete;

 private:
  const std::chrono::microseconds harmless_;
  const std::chrono::steady_clock::time_point began_ = std::chrono::steady_clock::now();
};

/// For the life of an executor's thread, on that thread: what it brings down, its slot has brought down. Also
/// gives it a second stack, since a handler cannot run on one that has overflowed.
class CrashWatch {
 public:
  /// `slot` is not owned and outlives this.
  explicit CrashWatch(RunningSlot& slot);
  ~CrashWatch();
  CrashWatch(const CrashWatch&) = delete;
  CrashWatch& operator=(const CrashWatch&) = delete;

 private:
  std::unique_ptr<std::byte[]> stack_;  // empty: the thread has one already
};

}  // namespace aftercommit::worker
