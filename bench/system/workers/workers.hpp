/// Several worker daemons, as a setting asks for them.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "bench/system/workers/setting.hpp"
#include "bench/system/workers/worker_process.hpp"

namespace aftercommit::bench {

/// The names of a setting's queues.
std::vector<std::string> queue_names(const Setting& setting);

/// Run until destroyed; then end in order, all at the same time.
class Workers {
 public:
  explicit Workers(const Setting& setting);
  ~Workers();
  Workers(const Workers&) = delete;
  Workers& operator=(const Workers&) = delete;

  /// std::runtime_error if a worker ends or it takes longer than some minutes.
  void wait_until(const std::function<bool()>& done) const;
  /// All have come to their queues.
  void wait_until_ready() const;

 private:
  std::int64_t consumers_;  // that the first queue will have
  std::string first_queue_;
  std::vector<std::unique_ptr<WorkerProcess>> daemons_;
};

}  // namespace aftercommit::bench
