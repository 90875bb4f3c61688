#include "client/sending/broker_sender.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/contract/broker.hpp"

namespace aftercommit::detail {
namespace {

/// "job 0190... was" or "3 jobs (0190..., ...) were"
std::string name_jobs(const std::vector<JobId>& jobs) {
  if (jobs.size() == 1) return "job " + jobs.front().str() + " was";
  constexpr std::size_t kNamed = 10;
  std::string names;
  for (std::size_t i = 0; i < std::min(jobs.size(), kNamed); ++i)
    names += (i > 0 ? ", " : "") + jobs[i].str();
  if (jobs.size() > kNamed) names += " and " + std::to_string(jobs.size() - kNamed) + " more";
  return std::to_string(jobs.size()) + " jobs (" + names + ") were";
}

}  // namespace

BrokerSender::BrokerSender(std::string url, std::chrono::milliseconds timeout, KeepUnsent keep)
    : url_{std::move(url)}, timeout_{timeout}, keep_{std::move(keep)}, durable_{url_, timeout_} {
  idle_.push_back(make_broker(url_));  // a wrong URL is told now, not after somebody's commit
  in_process_ = idle_.back()->is_in_process();
}

void BrokerSender::send(std::vector<PendingJob> jobs, bool after_commit) {
  if (!in_process_) push_durable(jobs);
  if (jobs.empty()) return;
  auto outgoing = due_from_now(jobs);
  auto broker = take();
  try {
    broker->enqueue(outgoing, timeout_);
  } catch (const EnqueueFailure& failure) {
    give_back(std::move(broker));  // it stays usable, and connects anew
    const auto& unsent = failure.unsent();
    if (after_commit && keep_) {  // also what was refused: a full broker will have room again
      std::vector<Outgoing> kept;
      for (const auto index : unsent) kept.push_back(std::move(outgoing[index]));
      keep_(std::move(kept));
      return;
    }
    std::vector<JobId> ids;
    for (const auto index : unsent) ids.push_back(jobs[index].id);
    throw EnqueueError{name_jobs(ids) + (failure.in_doubt() ? " perhaps" : "") + " not sent" +
                           (after_commit ? " although the transaction is committed" : "") + ": " +
                           failure.what(),
                       ids, failure.retryable(), failure.in_doubt()};
  }
  give_back(std::move(broker));
}

void BrokerSender::push_durable(std::vector<PendingJob>& jobs) {
  const auto durable = std::ranges::stable_partition(
      jobs, [](const PendingJob& job) { return !job.outgoing.durable.has_value(); });
  if (durable.empty()) return;
  durable_.push({std::make_move_iterator(durable.begin()), std::make_move_iterator(durable.end())});
  jobs.erase(durable.begin(), durable.end());
}

std::unique_ptr<EnqueueTarget> BrokerSender::take() {
  {
    const std::lock_guard lock{mutex_};
    if (!idle_.empty()) {
      auto broker = std::move(idle_.back());
      idle_.pop_back();
      return broker;
    }
  }
  return make_broker(url_);
}

void BrokerSender::give_back(std::unique_ptr<EnqueueTarget> broker) noexcept {
  constexpr std::size_t kKept = 64;
  const std::lock_guard lock{mutex_};
  if (idle_.size() < kKept) idle_.push_back(std::move(broker));
}

}  // namespace aftercommit::detail
