#include "worker/run/job_ending.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "client/job_table/job_table.hpp"
#include "client/job_table/ledger.hpp"
#include "client/postgres/error_text.hpp"
#include "worker/log/log_text.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

}  // namespace

void JobEnding::found(const Envelope& job, Database* home) {
  job_ = &job;
  home_ = home;
}

Settlement JobEnding::done() const { return settle(Settlement::Kind::kAck); }
Settlement JobEnding::given_back() const { return settle(Settlement::Kind::kRelease, fetched_.payload); }
Settlement JobEnding::put_off() const { return put_off(locked_.put_off(job_->id)); }
Settlement JobEnding::put_off(milliseconds countdown) const {
  return settle(Settlement::Kind::kRetry, fetched_.payload, countdown);
}
Settlement JobEnding::as_row(const detail::JobRow& row) const {
  return settle(Settlement::Kind::kRetry, row.envelope, std::max(row.due_in, milliseconds{0}));
}

Settlement JobEnding::dropped() const {
  if (!durable()) return done();
  return with_row(
      [&] { return detail::JobTable{*home_}.finish(job_->id, job_->attempt) ? done() : not_ours(*home_); });
}

Settlement JobEnding::not_ours(Database& database) const {
  if (!durable()) {
    return with_row([&] {
      const bool in_effect = detail::is_in_ledger(database, job_->id);
      log(LogLevel::kInfo,
          in_effect ? "job skipped: it has taken effect before"
                    : "job put off: another transaction has it right now",
          {{"job_id", job_->id.str()}, {"task", job_->task}});
      return in_effect ? done() : put_off(locked_.note(database, job_->id));
    });
  }
  return with_row([&] {
    const auto [home, row] = detail::JobTable{database}.look_for(job_->id);
    if (!row && !identity_.vouches_for(home, fetched_.queue)) return put_off();
    if (!row) {
      log(LogLevel::kInfo, "job skipped: it has taken effect before, or is dead",
          {{"job_id", job_->id.str()}, {"task", job_->task}});
      return done();
    }
    if (row->attempt == job_->attempt) {
      log(LogLevel::kInfo, "job put off: another transaction has it right now",
          {{"job_id", job_->id.str()}, {"task", job_->task}});
      return put_off(locked_.note(*home_, job_->id));
    }
    log(LogLevel::kInfo, "job put back: the job table knows a later attempt of it than this copy",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"attempt", row->attempt}});
    return as_row(*row);
  });
}

Settlement JobEnding::again(const Envelope& next, int attempt, milliseconds countdown) const {
  const auto retry = [&] { return settle(Settlement::Kind::kRetry, encode(next), countdown); };
  if (!durable() || attempt == 0) return retry();
  return with_row([&] {
    if (!detail::JobTable{*home_}.record(next, attempt, countdown)) return not_ours(*home_);
    fail_point("worker.after_record");
    return retry();
  });
}

Settlement JobEnding::buried(const Envelope* job, int attempt, DeadLetter::Cause cause,
                             const std::string& reason, std::chrono::system_clock::time_point now) const {
  const auto text = letter(job, cause, reason, now);
  if (!durable()) {
    tell(job, cause, reason);
    return settle(Settlement::Kind::kBury, text);
  }
  return with_row([&] {
    if (!detail::JobTable{*home_}.bury(job_->id, attempt, text)) return not_ours(*home_);
    fail_point("worker.after_record");
    tell(job, cause, reason);
    return done();
  });
}

Settlement JobEnding::buried_for_good(const Envelope& job, DeadLetter::Cause cause, const std::string& reason,
                                      std::chrono::system_clock::time_point now) const {
  if (!durable()) return buried(&job, job.attempt, cause, reason, now);
  return with_row([&] {
    const detail::JobTable table{*home_};
    const auto text = letter(&job, cause, reason, now);
    if (!table.bury(job.id, job.attempt, text)) {
      if (table.find(job.id)) return not_ours(*home_);
      table.bury_lost(job.id, job.queue, text);
    }
    tell(&job, cause, reason);
    return done();
  });
}

std::string JobEnding::letter(const Envelope* job, DeadLetter::Cause cause, const std::string& reason,
                              std::chrono::system_clock::time_point now) const {
  return encode(DeadLetter{.cause = cause,
                           .reason = clean_text(reason),
                           .worker = worker_,
                           .at = now,
                           .entry = fetched_.entry,
                           .raw = fetched_.payload,
                           .job = job == nullptr ? std::nullopt : std::optional{*job}});
}

void JobEnding::tell(const Envelope* job, DeadLetter::Cause cause, const std::string& reason) const {
  static const auto kNoArguments = nlohmann::json::array();
  log(LogLevel::kError, "job buried as a dead letter",
      {{"job_id", job_ != nullptr ? job_->id.str() : "unknown"},
       {"task", job != nullptr ? job->task : "unknown"},
       {"queue", fetched_.queue},
       {"cause", std::string{to_string(cause)}},
       {"exception", job != nullptr && !job->errors.empty() && !job->errors.back().type.empty()
                         ? job->errors.back().type
                         : "none"},
       {"reason", for_log(reason, job != nullptr ? job->args : kNoArguments)}});
}

Settlement JobEnding::with_row(const std::function<Settlement()>& write) const {
  try {
    return write();
  } catch (const std::exception& error) {
    log(LogLevel::kWarning, "job put off: its row could not be written, which uses up no retry",
        {{"job_id", job_->id.str()}, {"task", job_->task}, {"error", detail::first_line(error)}});
    return put_off();
  }
}

Settlement JobEnding::settle(Settlement::Kind kind, std::string payload, milliseconds countdown) const {
  return {.kind = kind,
          .queue = fetched_.queue,
          .entry = fetched_.entry,
          .payload = std::move(payload),
          .countdown = countdown,
          .durable = durable() ? std::optional{job_->id} : std::nullopt};
}

}  // namespace aftercommit::worker
