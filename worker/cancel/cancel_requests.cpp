#include "worker/cancel/cancel_requests.hpp"

#include <algorithm>
#include <iterator>

#include "client/job_table/cancellations.hpp"

namespace aftercommit::worker {

bool CancelRequests::contains(const JobId& job) const {
  if (!any_) return false;
  const std::lock_guard lock{mutex_};
  return std::ranges::any_of(all_, [&](const auto& of_one) { return of_one.second.contains(job); });
}

std::vector<JobId> CancelRequests::jobs() const {
  std::vector<JobId> jobs;
  if (!any_) return jobs;
  const std::lock_guard lock{mutex_};
  for (const auto& [database, of_one] : all_) jobs.insert(jobs.end(), of_one.begin(), of_one.end());
  return jobs;
}

bool CancelRequests::knows(const Database& database) const {
  const std::lock_guard lock{mutex_};
  return ready_.contains(&database);
}

bool CancelRequests::find_out(Database& database) {
  if (knows(database)) return true;
  if (!detail::has_cancellations(database)) return false;
  const std::lock_guard lock{mutex_};
  ready_.insert(&database);
  return true;
}

void CancelRequests::look(Database& database, std::span<const JobId> running) {
  if (!find_out(database)) return;
  auto jobs = detail::settle_cancels(database);
  if (!running.empty())
    std::ranges::copy(detail::cancelled_among(database, running, false), std::back_inserter(jobs));

  const std::lock_guard lock{mutex_};
  if (jobs.empty()) {
    all_.erase(&database);
  } else {
    all_[&database] = {jobs.begin(), jobs.end()};
  }
  any_ = !all_.empty();
}

bool CancelRequests::settle(Database& database, const JobId& job) {
  const auto still = detail::settle_cancels(database);
  if (std::ranges::find(still, job) != still.end()) return false;
  const std::lock_guard lock{mutex_};
  for (auto& [of, jobs] : all_) jobs.erase(job);
  std::erase_if(all_, [](const auto& of_one) { return of_one.second.empty(); });
  any_ = !all_.empty();
  return true;
}

bool CancelRequests::was_cancelled(Database& database, const JobId& job, bool durable) const {
  return knows(database) && !detail::cancelled_among(database, {&job, 1}, !durable).empty();
}

}  // namespace aftercommit::worker
