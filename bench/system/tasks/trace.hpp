/// What jobs did in any number of worker processes: a file that all of them and the benchmark map.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace aftercommit::bench {

/// Times are of the clock that all processes of the machine share.
struct JobRun {
  std::int64_t number;  ///< the job's first argument
  std::int64_t worker;  ///< id of the process
  std::int64_t started_ns;
  std::int64_t ended_ns;
};

/// In the benchmark.
class Trace {
 public:
  /// Makes the file and names it, by BENCH_TRACE, to the workers that are started from now on.  The first
  /// `room` runs are kept.
  /// Each run of a task waits until open() is called.
  explicit Trace(std::size_t room);
  ~Trace();
  Trace(const Trace&) = delete;
  Trace& operator=(const Trace&) = delete;

  /// Lets the runs begin.
  void open();

  /// All `room` runs have ended.
  bool full() const;
  /// Once full(), in the order of their starts.
  std::span<const JobRun> runs() const;
  /// Starts per second, from the first to the last, without so many at the beginning.
  double rate(std::size_t without = 0) const;

  struct File;

 private:
  std::string folder_;
  File* file_;  // mapped
};

/// In a task: a run, from here to the end of the scope.  Nothing where no benchmark wants to know.
/// Thread-safe, and cheap beside a job.
class NotedRun {
 public:
  explicit NotedRun(std::int64_t number);
  ~NotedRun();
  NotedRun(const NotedRun&) = delete;
  NotedRun& operator=(const NotedRun&) = delete;

 private:
  JobRun* run_;  // in the file; null: not kept
};

}  // namespace aftercommit::bench
