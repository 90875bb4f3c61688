#include "client/sending/broker_sender.hpp"

#include <algorithm>
#include <iterator>
#include <string_view>
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

/// `id_of(i)`: of the job that was given as the i-th.  `although`: what stands all the same.
EnqueueError not_sent(const EnqueueFailure& failure, auto id_of, std::string_view although) {
  std::vector<JobId> ids;
  for (const auto index : failure.unsent()) ids.push_back(id_of(index));
  auto text = name_jobs(ids).append(failure.in_doubt() ? " perhaps" : "").append(" not sent");
  text.append(although).append(": ").append(failure.what());
  return {text, ids, failure.retryable(), failure.in_doubt()};
}

DurablePush::MakeTarget to_broker(const std::string& url) {
  return [url] { return make_broker(url); };
}

}  // namespace

BrokerSender::BrokerSender(std::string url, std::chrono::milliseconds timeout, SendCounts& counts,
                           KeepUnsent keep, DurablePush::MakeTarget make_durable)
    : url_{std::move(url)}, timeout_{timeout}, counts_{counts}, keep_{std::move(keep)}, shards_{url_} {
  idle_.push_back(make_broker(url_));  // a wrong URL is told now, not after somebody's commit
  for (const auto& shard : shards_.all()) {
    durable_.push_back(
        std::make_unique<DurablePush>(make_durable ? make_durable : to_broker(shard.url), timeout_, counts_));
  }
  in_process_ = idle_.back()->is_in_process();
}

void BrokerSender::send(std::vector<PendingJob> jobs) {
  if (!in_process_) push_durable(jobs);
  if (jobs.empty()) return;
  auto outgoing = due_from_now(jobs);
  try {
    send_now(outgoing);
  } catch (const EnqueueFailure& failure) {
    (keep_ ? counts_.kept : counts_.failed).add(failure.unsent().size());
    if (!keep_) {
      throw not_sent(
          failure, [&](auto index) { return jobs[index].id; }, " although the transaction is committed");
    }
    std::vector<Outgoing> kept;  // also what was refused: a full broker will have room again
    for (const auto index : failure.unsent()) kept.push_back(std::move(outgoing[index]));
    keep_(std::move(kept));
  }
}

void BrokerSender::send_now(std::vector<Outgoing> jobs, const std::vector<JobId>& ids) {
  try {
    send_now(jobs);
  } catch (const EnqueueFailure& failure) {
    counts_.failed.add(failure.unsent().size());
    throw not_sent(failure, [&](auto index) { return ids[index]; }, {});
  }
}

void BrokerSender::send_now(std::vector<Outgoing>& jobs) {
  auto broker = take();
  const auto begun = std::chrono::steady_clock::now();
  try {
    broker->enqueue(jobs, timeout_);
    counts_.took.add(microseconds_since(begun));
    counts_.sent.add(jobs.size());
  } catch (const EnqueueFailure& failure) {
    counts_.sent.add(jobs.size() - failure.unsent().size());
    give_back(std::move(broker));  // it stays usable, and connects anew
    throw;
  }
  give_back(std::move(broker));
}

void BrokerSender::end() noexcept {
  for (const auto& push : durable_) push->end();
}

void BrokerSender::push_durable(std::vector<PendingJob>& jobs) {
  const auto durable = std::ranges::stable_partition(
      jobs, [](const PendingJob& job) { return !job.outgoing.durable.has_value(); });
  if (durable.empty()) return;
  if (!shards_.several()) {
    durable_.front()->push(
        {std::make_move_iterator(durable.begin()), std::make_move_iterator(durable.end())});
  } else {
    std::vector<std::vector<PendingJob>> of_shard(shards_.count());
    for (auto& job : durable) of_shard[shards_.of(*job.outgoing.durable)].push_back(std::move(job));
    for (std::size_t i = 0; i < of_shard.size(); ++i) {
      if (!of_shard[i].empty()) durable_[i]->push(std::move(of_shard[i]));
    }
  }
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
