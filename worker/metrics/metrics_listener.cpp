#include "worker/metrics/metrics_listener.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <system_error>
#include <variant>

namespace aftercommit::worker {

std::int64_t ready_at_ms(std::string_view entry) noexcept {
  std::int64_t ms = 0;
  const auto* const last = entry.data() + entry.size();
  const auto [end, error] = std::from_chars(entry.data(), last, ms);
  return error == std::errc{} && end != last && *end == '-' ? ms : 0;
}

MetricsListener::MetricsListener(ProcessBlock& block, const std::vector<std::string>& tasks,
                                 const std::vector<std::string>& queues)
    : block_{block} {
  for (const auto& name : tasks) tasks_.emplace(name, &block_.tasks.of(name));
  for (const auto& name : queues) queues_.emplace(name, &block_.queues.of(name));
}

void MetricsListener::on(const Event& event) {
  std::visit([this](const auto& one) { count(one); }, event);
}

TaskCell& MetricsListener::task(const JobName& job) const noexcept {
  const auto found = tasks_.find(job.task);
  return found != tasks_.end() ? *found->second : block_.tasks.others();
}

void MetricsListener::ended(const JobName& job, Outcome outcome) const noexcept {
  task(job).ended[static_cast<std::size_t>(outcome)].add();
}

/// By two clocks, Redis' and ours: a job that seems to come from the future has not waited.
void MetricsListener::count(const JobStarted& event) const noexcept {
  const auto ready_at = ready_at_ms(event.entry);
  if (ready_at == 0) return;
  using std::chrono::milliseconds;
  const auto now =
      std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch());
  const auto found = queues_.find(event.queue);
  auto& queue = found != queues_.end() ? *found->second : block_.queues.others();
  queue.waited.add(static_cast<std::uint64_t>(std::max<std::int64_t>(now.count() - ready_at, 0)) * 1000);
}

void MetricsListener::count(const JobDone& event) const noexcept {
  auto& cell = task(event.job);
  cell.ended[static_cast<std::size_t>(Outcome::kDone)].add();
  cell.ran.add(microseconds_since(event.started));
}

void MetricsListener::count(const JobRetried& event) const noexcept { ended(event.job, Outcome::kRetried); }
void MetricsListener::count(const JobSnoozed& event) const noexcept { ended(event.job, Outcome::kSnoozed); }
void MetricsListener::count(const JobBuried& event) const noexcept { ended(event.job, Outcome::kDead); }
void MetricsListener::count(const JobCancelled& event) const noexcept {
  ended(event.job, Outcome::kCancelled);
}
void MetricsListener::count(const JobExpired& event) const noexcept { ended(event.job, Outcome::kExpired); }
void MetricsListener::count(const JobSkipped& event) const noexcept { ended(event.job, Outcome::kDuplicate); }
void MetricsListener::count(const JobCrashed& event) const noexcept { ended(event.job, Outcome::kCrashed); }

void MetricsListener::count(const JobPutOff& event) const noexcept {
  block_.put_off[static_cast<std::size_t>(event.why)].add();
}
void MetricsListener::count(const JobPutAside& event) const noexcept {
  block_.put_aside[static_cast<std::size_t>(event.why)].add();
}
void MetricsListener::count(const JobGivenBack&) const noexcept { block_.given_back.add(); }
void MetricsListener::count(const JobRerun&) const noexcept { block_.reruns.add(); }
void MetricsListener::count(const JobOutdated&) const noexcept { block_.outdated.add(); }
void MetricsListener::count(const BatchFailed&) const noexcept { block_.batches_failed.add(); }
void MetricsListener::count(const JobTroubleAfterCommit&) const noexcept {
  block_.after_commit_troubles.add();
}

}  // namespace aftercommit::worker
