#include "bench/system/workers/workers.hpp"

#include "bench/system/servers/servers.hpp"

namespace aftercommit::bench {

std::vector<std::string> queue_names(const Setting& setting) {
  if (setting.queues == 1) return {"default"};
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < setting.queues; ++i) names.push_back("q" + std::to_string(i));
  return names;
}

Workers::Workers(const Setting& setting)
    : consumers_{setting.daemons * setting.processes}, first_queue_{queue_names(setting).front()} {
  std::string queues;
  for (const auto& name : queue_names(setting)) queues += (queues.empty() ? "" : ",") + name;
  std::vector<std::string> options{"--queues",      queues,
                                   "--concurrency", std::to_string(setting.concurrency),
                                   "--processes",   std::to_string(setting.processes)};
  if (setting.prefetch) options.insert(options.end(), {"--prefetch", std::to_string(*setting.prefetch)});
  for (std::int64_t i = 0; i < setting.daemons; ++i)
    daemons_.push_back(std::make_unique<WorkerProcess>(0, options));
}

Workers::~Workers() {
  for (const auto& daemon : daemons_) daemon->request_stop();
}

void Workers::wait_until(const std::function<bool()>& done) const { daemons_.front()->wait_until(done); }

void Workers::wait_until_ready() const {
  wait_until([&] { return lease_count(first_queue_) >= consumers_; });
}

}  // namespace aftercommit::bench
