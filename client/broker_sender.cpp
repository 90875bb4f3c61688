#include "client/broker_sender.hpp"

#include <algorithm>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"

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

/// What to hand the broker for jobs asked for some time ago: their countdowns run since then.
std::vector<Outgoing> due_from_now(std::vector<PendingJob>& jobs) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Outgoing> outgoing;
  outgoing.reserve(jobs.size());
  for (auto& job : jobs) {
    auto& next = outgoing.emplace_back(std::move(job.outgoing));
    if (!next.countdown) continue;
    const auto waited = std::chrono::duration_cast<Millis>(now - job.asked_at);
    next.countdown = std::max(*next.countdown - waited, Millis{0});
  }
  return outgoing;
}

}  // namespace

BrokerSender::BrokerSender(std::string url, std::chrono::milliseconds timeout, KeepUnsent keep)
    : url_{std::move(url)}, timeout_{timeout}, keep_{std::move(keep)} {
  idle_.push_back(make_broker(url_));  // a wrong URL is told now, not after somebody's commit
}

void BrokerSender::send(std::vector<PendingJob> jobs, bool after_commit) {
  skip_durable(jobs);
  if (jobs.empty()) return;
  auto outgoing = due_from_now(jobs);
  auto broker = take();
  try {
    if (std::ranges::all_of(outgoing, [](const Outgoing& job) { return job.durable.has_value(); })) {
      broker->post(outgoing, timeout_);
    } else {
      broker->enqueue(outgoing, timeout_);
    }
  } catch (const EnqueueFailure& failure) {
    give_back(std::move(broker));  // it stays usable, and connects anew
    auto unsent = failure.unsent();
    const auto durable = std::erase_if(unsent, [&](auto index) { return outgoing[index].durable; });
    if (durable > 0) note_outage(failure.what());
    if (unsent.empty()) return;
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

void BrokerSender::skip_durable(std::vector<PendingJob>& jobs) const {
  if (std::chrono::steady_clock::now() >= away_until_.load()) return;
  std::erase_if(jobs, [](const PendingJob& job) { return job.outgoing.durable; });
}

void BrokerSender::note_outage(const std::string& error) {
  constexpr std::chrono::seconds kPause{1};
  constexpr std::chrono::seconds kQuiet{60};
  const auto now = std::chrono::steady_clock::now();
  const auto before = away_until_.exchange(now + kPause);
  const bool first = before == std::chrono::steady_clock::time_point{};
  if (!first && now - before < kQuiet) return;
  log(LogLevel::kWarning,
      "durable jobs are committed, but not sent to the broker: the relay of a worker will bring them",
      {{"error", error}});
}

std::unique_ptr<Broker> BrokerSender::take() {
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

void BrokerSender::give_back(std::unique_ptr<Broker> broker) noexcept {
  constexpr std::size_t kKept = 64;
  const std::lock_guard lock{mutex_};
  if (idle_.size() < kKept) idle_.push_back(std::move(broker));
}

}  // namespace aftercommit::detail
