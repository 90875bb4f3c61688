#include "bench/system/tasks/report.hpp"

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>

#include "bench/system/tasks/tasks.hpp"

namespace aftercommit::bench {

struct RunReport::State {
  std::size_t expected = 0;
  std::string path;
  std::vector<std::int64_t> late_ns;
  std::atomic<std::size_t> started{0};
  std::atomic<std::size_t> noted{0};
  std::atomic<std::int64_t> first_ns{0};

  State() {
    const char* jobs = std::getenv("BENCH_JOBS");
    const char* report = std::getenv("BENCH_REPORT");
    if (jobs == nullptr || report == nullptr) return;  // in the process that enqueues
    expected = std::stoul(jobs);
    path = report;
    late_ns.resize(expected);
  }

  void write(std::int64_t last_ns) const {
    const auto unfinished = path + ".tmp";
    {
      std::ofstream file{unfinished};
      file << static_cast<double>(last_ns - first_ns.load()) / 1e9 << '\n';
      for (const auto late : late_ns) file << late << '\n';
    }
    std::rename(unfinished.c_str(), path.c_str());
  }
};

RunReport::RunReport()
    : state_{[]() -> State& {
        static State state;
        return state;
      }()} {}

void RunReport::note(std::int64_t late_ns) {
  const auto index = state_.started.fetch_add(1);
  if (index == 0) state_.first_ns = monotonic_ns();
  if (index >= state_.expected) return;
  state_.late_ns[index] = late_ns;
  if (state_.noted.fetch_add(1) + 1 == state_.expected) state_.write(monotonic_ns());
}

Runs read_report(const std::string& path) {
  std::ifstream file{path};
  Runs runs;
  if (!(file >> runs.seconds)) throw std::runtime_error{"cannot read the report of the worker, " + path};
  for (std::int64_t late = 0; file >> late;) runs.late_ns.push_back(late);
  return runs;
}

}  // namespace aftercommit::bench
