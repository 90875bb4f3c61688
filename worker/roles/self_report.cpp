#include "worker/roles/self_report.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kQueuesNamed = 100;

std::string host_name() {
  std::array<char, 256> host{};
  ::gethostname(host.data(), host.size() - 1);
  return clean_text(host.data(), 255);
}

/// By the clock that an operator reads.  0: since when is not known, as no limit is counted from then.
std::int64_t started_ms(RunningBody::Clock::time_point since) {
  if (since == RunningBody::Clock::time_point{}) return 0;
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(RunningBody::Clock::now() - since);
  return epoch_ms(std::chrono::system_clock::now() - age);
}

}  // namespace

SelfReport::SelfReport(const RunningJobs& running, std::string app, std::vector<Queue> queues,
                       std::size_t concurrency)
    : running_{running},
      app_{std::move(app)},
      queues_{std::move(queues)},
      concurrency_{concurrency},
      host_{host_name()} {}

std::string SelfReport::text() const {
  std::vector<RunningBody::Running> running;
  std::size_t jobs = 0;
  for (const auto& body : running_.bodies()) {
    auto one = body->running();
    if (!one) continue;
    jobs += 1 + one->others;
    running.push_back(std::move(*one));
  }
  std::ranges::sort(running, {}, &RunningBody::Running::since);
  if (running.size() > kJobsNamed) running.erase(running.begin() + kJobsNamed, running.end());

  auto named = nlohmann::json::array();
  for (const auto& one : running) {
    nlohmann::json job{{"id", one.job.str()}, {"task", one.task}};
    if (const auto ms = started_ms(one.since); ms > 0) job["since"] = ms;
    if (one.others > 0) job["others"] = one.others;
    named.push_back(std::move(job));
  }
  auto queues = nlohmann::json::array();
  for (std::size_t i = 0; i < std::min(queues_.size(), kQueuesNamed); ++i) queues.push_back(queues_[i]);
  const nlohmann::json report{
      {"v", 1},          {"since", epoch_ms(since_)},   {"at", epoch_ms(std::chrono::system_clock::now())},
      {"host", host_},   {"pid", ::getpid()},           {"version", AFTERCOMMIT_VERSION},
      {"app", app_},     {"queues", std::move(queues)}, {"concurrency", concurrency_},
      {"running", jobs}, {"jobs", std::move(named)}};
  return report.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace aftercommit::worker
