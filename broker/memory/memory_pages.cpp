/// What an operator looks at page by page, and deletes, in memory.
#include <charconv>
#include <optional>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "broker/memory/memory_queues.hpp"

namespace aftercommit {
namespace {

std::vector<JobEntry> all_of(const MemoryQueue& queue, JobPart part, std::int64_t now_ms) {
  std::vector<JobEntry> all;
  const auto add_timeline = [&](Priority level, const Timeline& jobs, const std::string& reason) {
    for (const auto& [ms, payload] : jobs.order()) {
      all.push_back(
          {.part = part, .level = level, .payload = payload, .reason = reason, .at = from_epoch_ms(ms)});
    }
  };
  for (const auto level : kAllLevels) {
    const auto& waiting = queue.levels.at(index_of(level));
    switch (part) {
      case JobPart::kRunning:
        for (const auto& [entry, job] : queue.running) {
          if (job.level != level) continue;
          all.push_back({.part = part,
                         .level = level,
                         .payload = job.payload,
                         .place = entry,
                         .at = from_epoch_ms(job.since_ms),
                         .worker = job.worker,
                         .held = Millis{now_ms - job.since_ms}});
        }
        break;
      case JobPart::kReady:
        for (const auto& job : waiting.ready) {
          all.push_back({.part = part,
                         .level = level,
                         .payload = job.payload,
                         .place = job.entry,
                         .at = from_epoch_ms(job.since_ms)});
        }
        break;
      case JobPart::kDelayed:
        add_timeline(level, waiting.delayed, {});
        break;
      case JobPart::kAside:
        for (const auto& [reason, jobs] : waiting.aside) add_timeline(level, jobs, reason);
        break;
    }
  }
  return all;
}

bool remove_one(MemoryLevel& level, const JobEntry& job) {
  switch (job.part) {
    case JobPart::kRunning:
      return false;
    case JobPart::kReady:
      return std::erase_if(level.ready, [&](const auto& ready) { return ready.entry == job.place; }) > 0;
    case JobPart::kDelayed:
      return level.delayed.remove(job.payload);
    case JobPart::kAside:
      break;
  }
  const auto aside = level.aside.find(job.reason);
  if (aside == level.aside.end() || !aside->second.remove(job.payload)) return false;
  if (aside->second.order().empty()) level.aside.erase(aside);
  return true;
}

}  // namespace

/// A place is how many stand before it.
JobPage MemoryBroker::jobs(const Queue& name, JobPart part, const std::string& after, std::size_t count) {
  std::size_t begin = 0;
  const auto [end, error] = std::from_chars(after.data(), after.data() + after.size(), begin);
  if (!after.empty() && (error != std::errc{} || end != after.data() + after.size()))
    throw UsageError{"this is no place among jobs to go on from"};
  const std::scoped_lock lock{shared_->mutex};
  auto all = all_of(shared_->queues[name], part, now_ms());
  JobPage page;
  for (; begin < all.size() && page.jobs.size() < count; ++begin) page.jobs.push_back(std::move(all[begin]));
  page.looked_at = page.jobs.size();
  if (begin < all.size()) page.next = std::to_string(begin);
  return page;
}

std::size_t MemoryBroker::remove_jobs(const Queue& name, std::span<const JobEntry> jobs,
                                      std::span<const std::optional<JobId>> durable) {
  const std::scoped_lock lock{shared_->mutex};
  auto& queue = shared_->queues[name];
  std::size_t gone = 0;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!remove_one(queue.at(jobs[i].level), jobs[i])) continue;
    if (durable[i]) queue.durable.erase(*durable[i]);
    ++gone;
  }
  return gone;
}

std::vector<WorkerView> MemoryBroker::workers(const Queue& name) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& queue = shared_->queues[name];
  std::vector<WorkerView> found;
  for (const auto& [worker, end_ms] : queue.leases) {
    auto& view = found.emplace_back(WorkerView{.worker = worker, .left = Millis{end_ms - now_ms()}});
    const auto report = queue.reports.find(worker);
    if (report != queue.reports.end() && report->second.second > now_ms()) view.report = report->second.first;
  }
  return found;
}

void MemoryBroker::report(const WorkerId& worker, const Queue& queue, const std::string& text, Millis time) {
  const std::scoped_lock lock{shared_->mutex};
  shared_->queues[queue].reports[worker] = {text, now_ms() + countdown_ms(time)};
}

std::vector<DeadLetterEntry> MemoryBroker::dead_letters_until(const Queue& name,
                                                              std::chrono::system_clock::time_point until,
                                                              std::size_t offset, std::size_t count) {
  const std::scoped_lock lock{shared_->mutex};
  const auto& dead = shared_->queues[name].dead.order();
  std::vector<DeadLetterEntry> letters;
  for (auto letter = dead.rbegin(); letter != dead.rend() && letters.size() < count; ++letter) {
    if (from_epoch_ms(letter->first) > until) continue;
    if (offset > 0) {
      --offset;
    } else {
      letters.push_back({from_epoch_ms(letter->first), letter->second});
    }
  }
  return letters;
}

}  // namespace aftercommit
