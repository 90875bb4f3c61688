#include "worker/run/job_ending.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <string_view>
#include <utility>

#include "base/process/fail_point.hpp"
#include "broker/contract/row_entry.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::worker {

using std::chrono::milliseconds;
using Where = detail::Claim::Standing::Kind;

bool is_gone(const detail::Claim::Standing& standing, Home& home, const Queue& queue,
             std::string_view entry) {
  return standing.kind == Where::kGone && (!standing.says || home.vouches_for(*standing.says, queue, entry));
}

void JobEnding::found(const Envelope& job, const detail::Claim* claim) {
  job_ = &job;
  claim_ = claim;
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
  return or_put_off([&] { return claim_->finish() ? done() : not_ours(); });
}

Settlement JobEnding::cancelled() const {
  return or_put_off([&] {
    auto* const database = claim_->database();
    if (database != nullptr) {
      if (!cancels_.settle(*database, job_->id)) return put_off();
      // It has taken effect first, elsewhere or by a commit whose answer was lost.
      if (!cancels_.was_cancelled(*database, job_->id, job_->durable)) return not_ours();
    }
    events_.tell(JobCancelled{.job = *job_, .queue = fetched_.queue, .was_running = true});
    return done();
  });
}

Settlement JobEnding::not_ours() const {
  return or_put_off([&] {
    const auto standing = claim_->standing();
    switch (standing.kind) {
      case Where::kGone:
        // A job that was taken from its table is asked for nowhere else: forgotten here, it is lost nowhere.
        if (!is_of_a_row(fetched_.entry) && !is_gone(standing, home_, fetched_.queue, fetched_.entry))
          return put_off();
        if (auto* const database = claim_->database();
            database != nullptr && cancels_.was_cancelled(*database, job_->id, job_->durable)) {
          events_.tell(JobCancelled{.job = *job_, .queue = fetched_.queue});
        } else {
          events_.tell(JobSkipped{.job = *job_, .may_be_dead = standing.may_be_dead});
        }
        return done();
      case Where::kLocked:
        break;
      case Where::kLaterAttempt:
        events_.tell(JobOutdated{.job = *job_, .attempt = standing.row->attempt});
        return as_row(*standing.row);
    }
    events_.tell(JobPutOff{.job = *job_, .queue = fetched_.queue, .why = JobPutOff::Why::kLocked});
    return put_off(locked_.note(*claim_->database(), job_->id));
  });
}

Settlement JobEnding::again(const Envelope& next, int attempt, milliseconds countdown) const {
  const auto retry = [&] { return settle(Settlement::Kind::kRetry, encode(next), countdown); };
  if (attempt == 0) return retry();
  return or_put_off([&] {
    const auto kept = claim_->record(next, attempt, countdown);
    if (kept == Kept::kNowhere) return not_ours();
    if (kept == Kept::kInDatabase) fail_point("worker.after_record");
    return retry();
  });
}

Settlement JobEnding::buried(const Envelope* job, int attempt, DeadLetter::Cause cause,
                             const std::string& reason, std::chrono::system_clock::time_point now) const {
  return buried_by(job, cause, reason, now,
                   [&](const Letter& letter) { return claim_->bury(attempt, letter()); });
}

Settlement JobEnding::buried_for_good(const Envelope& job, DeadLetter::Cause cause, const std::string& reason,
                                      std::chrono::system_clock::time_point now) const {
  return buried_by(&job, cause, reason, now,
                   [&](const Letter& letter) { return claim_->bury_for_good(letter()); });
}

/// Of what has no claim the broker has all there is.
Settlement JobEnding::buried_by(const Envelope* job, DeadLetter::Cause cause, const std::string& reason,
                                std::chrono::system_clock::time_point now,
                                const std::function<Kept(const Letter& letter)>& write) const {
  const auto text = [&] { return letter(job, cause, reason, now); };
  const auto tell = [&] {
    const bool failed = job != nullptr && !job->errors.empty();
    events_.tell(JobBuried{.job = job_ != nullptr ? JobName{*job_} : JobName{},
                           .queue = fetched_.queue,
                           .cause = cause,
                           .exception = failed ? std::string_view{job->errors.back().type} : "",
                           .reason = {.text = reason, .args = job != nullptr ? &job->args : nullptr}});
  };
  const auto in_broker = [&] {
    tell();
    return settle(Settlement::Kind::kBury, text());
  };
  if (claim_ == nullptr) return in_broker();
  return or_put_off([&] {
    const auto kept = write(text);
    if (kept == Kept::kNowhere) return not_ours();
    if (kept == Kept::kInBroker) return in_broker();
    fail_point("worker.after_record");
    tell();
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

Settlement JobEnding::or_put_off(const std::function<Settlement()>& ask) const {
  try {
    return ask();
  } catch (const std::exception& error) {
    const auto why = detail::first_line(error);
    events_.tell(JobPutOff{.job = *job_,
                           .queue = fetched_.queue,
                           .why = JobPutOff::Why::kRowNotWritten,
                           .reason = {.text = why}});
    return put_off();
  }
}

Settlement JobEnding::settle(Settlement::Kind kind, std::string payload, milliseconds countdown) const {
  return {.kind = kind,
          .queue = fetched_.queue,
          .entry = fetched_.entry,
          .payload = std::move(payload),
          .countdown = countdown,
          .durable = claim_ != nullptr ? detail::id_for_broker(*job_) : std::nullopt};
}

}  // namespace aftercommit::worker
