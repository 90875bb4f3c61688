#include "client/transaction/commit_hooks.hpp"

#include <algorithm>
#include <chrono>
#include <exception>
#include <iterator>
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

/// A test may have taken out what a savepoint knows to be there.
auto first_since(auto& registered, std::size_t mark) {
  return registered.begin() + static_cast<std::ptrdiff_t>(std::min(mark, registered.size()));
}

}  // namespace

void CommitHooks::drop_since(Mark mark) {
  hooks_.erase(first_since(hooks_, mark.hooks), hooks_.end());
  jobs_.erase(first_since(jobs_, mark.jobs), jobs_.end());
  cancelled_.erase(first_since(cancelled_, mark.cancelled), cancelled_.end());
}

std::vector<std::function<void()>> CommitHooks::hooks_since(Mark mark) const {
  std::vector<std::function<void()>> found;
  for (auto hook = first_since(hooks_, mark.hooks); hook != hooks_.end(); ++hook) found.push_back(hook->run);
  return found;
}

std::vector<const PendingJob*> CommitHooks::jobs_since(Mark mark) const {
  std::vector<const PendingJob*> found;
  for (auto job = first_since(jobs_, mark.jobs); job != jobs_.end(); ++job) {
    if (!is_cancelled(job->job.id)) found.push_back(&job->job);
  }
  return found;
}

CommitHooks CommitHooks::take_since(Mark mark) {
  CommitHooks taken;
  taken.cancelled_ = cancelled_;  // they stay here as well: some may be of jobs that do
  std::move(first_since(hooks_, mark.hooks), hooks_.end(), std::back_inserter(taken.hooks_));
  std::move(first_since(jobs_, mark.jobs), jobs_.end(), std::back_inserter(taken.jobs_));
  for (auto& [sender, job] : taken.jobs_) job.asked_at = std::chrono::steady_clock::now();
  drop_since({.hooks = mark.hooks, .jobs = mark.jobs, .cancelled = cancelled_.size()});
  return taken;
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
      sender->send(std::move(batch));
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
