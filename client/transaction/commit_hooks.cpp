#include "client/transaction/commit_hooks.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <map>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/epoch_ms.hpp"
#include "base/process/fail_point.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::detail {

std::vector<Outgoing> due_from_now(std::vector<PendingJob>& jobs) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<Outgoing> outgoing;
  outgoing.reserve(jobs.size());
  for (auto& job : jobs) {
    auto& next = outgoing.emplace_back(std::move(job.outgoing));
    if (!next.countdown) continue;
    const auto waited = std::chrono::duration_cast<Millis>(now - job.asked_at);
    next.countdown = std::max(Millis{countdown_ms(*next.countdown)} - waited, Millis{0});
  }
  return outgoing;
}
namespace {

/// For the log: the first line, since what follows in an error of PostgreSQL quotes rows.
std::string describe(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return first_line(known);
  } catch (...) {
    return "an exception that is no std::exception";
  }
}

}  // namespace

void CommitHooks::drop_since(Mark mark) {
  hooks_.erase(hooks_.begin() + static_cast<std::ptrdiff_t>(mark.hooks), hooks_.end());
  jobs_.erase(jobs_.begin() + static_cast<std::ptrdiff_t>(mark.jobs), jobs_.end());
  cancelled_.erase(cancelled_.begin() + static_cast<std::ptrdiff_t>(mark.cancelled), cancelled_.end());
}

void CommitHooks::clear() noexcept {
  hooks_.clear();
  jobs_.clear();
  cancelled_.clear();
}

bool CommitHooks::is_cancelled(const JobId& id) const {
  return !cancelled_.empty() && std::ranges::find(cancelled_, id) != cancelled_.end();
}

const PendingJob* CommitHooks::find_job(const JobId& id) const {
  const auto found = std::ranges::find(jobs_, id, [](const Job& job) { return job.job.id; });
  return found == jobs_.end() || found->job.row_is_written || is_cancelled(id) ? nullptr : &found->job;
}

std::vector<const PendingJob*> CommitHooks::durable_jobs() const {
  std::vector<const PendingJob*> durable;
  for (const auto& [sender, job] : jobs_) {
    if (job.outgoing.durable && !is_cancelled(job.id)) durable.push_back(&job);
  }
  return durable;
}

void CommitHooks::run() {
  const auto hooks = std::exchange(hooks_, {});
  auto jobs = std::exchange(jobs_, {});
  for (const auto& cancelled : std::exchange(cancelled_, {}))
    std::erase_if(jobs, [&](const Job& job) { return job.job.id == cancelled; });

  std::map<std::shared_ptr<JobSender>, std::vector<PendingJob>> by_sender;
  for (auto& [sender, job] : jobs) by_sender[std::move(sender)].push_back(std::move(job));
  std::exception_ptr unsent;
  for (auto& [sender, batch] : by_sender) {
    try {
      sender->send(std::move(batch), true);
    } catch (const std::exception& error) {
      if (unsent) log(LogLevel::kError, "jobs were not sent after a commit", {{"error", first_line(error)}});
      if (!unsent) unsent = std::current_exception();
    }
  }
  if (!by_sender.empty()) fail_point("client.after_push");

  for (const auto& hook : hooks) {
    try {
      hook.run();
    } catch (...) {
      if (!hook.robust) {
        if (unsent) log(LogLevel::kError, "jobs were not sent after a commit", {{"error", describe(unsent)}});
        throw;
      }
      log(LogLevel::kError, "an on_commit hook failed", {{"error", describe(std::current_exception())}});
    }
  }
  if (unsent) std::rethrow_exception(unsent);
}

}  // namespace aftercommit::detail
