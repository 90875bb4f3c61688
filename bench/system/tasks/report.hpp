/// What the worker tells the benchmark about the jobs it ran.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace aftercommit::bench {

/// In the worker: notes each run and, at the last of BENCH_JOBS, writes the report to the file BENCH_REPORT.
/// Thread-safe, and cheap beside a job.
class RunReport {
 public:
  RunReport();
  /// A job has started; `late_ns` after it should have, where that is measured.
  void note(std::int64_t late_ns = 0);

 private:
  struct State;
  State& state_;
};

/// In the benchmark: what was written there.
struct Runs {
  double seconds = 0;                 ///< from the first job to the last
  std::vector<std::int64_t> late_ns;  ///< of each job, in the order of their starts
};
Runs read_report(const std::string& path);

}  // namespace aftercommit::bench
