#include "worker/relay.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "broker/dead_letter.hpp"
#include "broker/fail_point.hpp"
#include "broker/job_identity.hpp"
#include "client/error_text.hpp"

namespace aftercommit::worker {
namespace {

using detail::FeedCursor;
using detail::FeedPage;
using detail::JobRow;

constexpr Millis kSlice{250};  // a stop is noticed only between waits
constexpr std::size_t kPage = 1000;
constexpr std::size_t kStep = 50;  // jobs loaded and sent at once: each may be as large as a payload may be

/// What a relay carries may be over the limit of its own worker: another one may have a greater limit.
constexpr std::size_t kMostOfAnyWorker = 16UL * 1024 * 1024;

Outgoing as_it_is(const JobRow& row) {
  return {.queue = row.queue, .payload = row.envelope, .countdown = row.due_in, .durable = row.id};
}

Millis time_until(std::chrono::steady_clock::time_point instant) {
  return std::max(std::chrono::ceil<Millis>(instant - std::chrono::steady_clock::now()), Millis{0});
}

}  // namespace

Sweeper::Sweeper(Broker& broker, Database& database, std::vector<Queue> queues, std::size_t payload_limit)
    : broker_{broker},
      database_{database},
      feed_{database},
      table_{database},
      queues_{std::move(queues)},
      payload_limit_{payload_limit} {}

std::size_t Sweeper::sweep(const std::stop_token& stop) {
  brought_ = 0;
  if (!source_) source_ = feed_.source();
  const auto cursors = broker_.relay_cursors(*source_, queues_);
  std::exception_ptr trouble;  // with one queue, which must not keep the others from being read
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    try {
      sweep(queues_[i], cursors[i], stop);
    } catch (const std::exception&) {
      if (!trouble) trouble = std::current_exception();
    }
  }
  if (trouble) std::rethrow_exception(trouble);
  return brought_;
}

void Sweeper::sweep(const Queue& queue, const std::string& known, const std::stop_token& stop) {
  auto cursor = FeedCursor::parse(known);
  const bool from_the_start = !cursor;
  if (!cursor) cursor = start_anew(queue, known);
  const auto before = brought_;
  bool more = true;
  while (cursor && more && !stop.stop_requested()) {
    const auto page = feed_.read(queue, *cursor, kPage);
    fail_point("relay.after_read");
    if (!detail::can_follow(cursor->sweeping.value_or(cursor->shown), page.snapshot)) {
      log(LogLevel::kWarning, "the database has gone back in time: reading its job table anew",
          {{"database", database_.alias()}, {"queue", queue}});
      cursor = start_anew(queue, cursor->str());
      continue;
    }
    if (page.jobs.empty() && !cursor->sweeping && page.snapshot == cursor->shown) return;
    more = bring(queue, *cursor, page) && page.jobs.size() == kPage;
  }
  if (from_the_start && brought_ > before) {
    log(LogLevel::kWarning,
        "the broker knew nothing of this job table (it is new to it, or has lost its data): its jobs were "
        "brought again",
        {{"database", database_.alias()}, {"queue", queue}, {"jobs", std::to_string(brought_ - before)}});
  }
}

/// Nothing if another relay came first.
std::optional<FeedCursor> Sweeper::start_anew(const Queue& queue, const std::string& expected) {
  auto cursor = FeedCursor::from_the_start();
  if (!broker_.relay({.queue = queue, .source = *source_, .expected = expected, .next = cursor.str()}))
    return {};
  return cursor;
}

/// Brings what the broker misses of a page and moves the cursor behind it; false if the cursor is not ours
/// any more.
bool Sweeper::bring(const Queue& queue, FeedCursor& cursor, const FeedPage& page) {
  FeedCursor end = cursor;
  if (page.jobs.size() < kPage) {
    end = {.token = cursor.token, .shown = cursor.sweeping.value_or(page.snapshot)};
    if (mutant("cursor_by_highest_xid")) {
      const auto next = page.jobs.empty() ? cursor.shown.substr(0, cursor.shown.find(':'))
                                          : std::to_string(std::stoull(page.jobs.back().position.xact) + 1);
      end.shown = next + ":" + next + ":";
    }
  } else {
    end.sweeping = cursor.sweeping.value_or(page.snapshot);
    end.position = page.jobs.back().position;
  }

  std::vector<JobId> ids;
  for (const auto& entry : page.jobs) ids.push_back(entry.id);
  const auto there = ids.empty() ? std::vector<bool>{} : broker_.has_durable(queue, ids);
  std::vector<JobId> missing;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    if (!there[i]) missing.push_back(ids[i]);
    if (missing.size() < kStep) continue;
    FeedCursor next = cursor;
    next.sweeping = cursor.sweeping.value_or(page.snapshot);
    next.position = page.jobs[i].position;
    if (!step(queue, cursor, std::move(next), load(std::exchange(missing, {})))) return false;
  }
  return step(queue, cursor, std::move(end), missing.empty() ? std::vector<Outgoing>{} : load(missing));
}

bool Sweeper::step(const Queue& queue, FeedCursor& cursor, FeedCursor next, std::vector<Outgoing> jobs) {
  const auto count = jobs.size();
  const bool ours = broker_.relay({.queue = queue,
                                   .source = *source_,
                                   .expected = cursor.str(),
                                   .next = next.str(),
                                   .jobs = std::move(jobs)});
  if (!ours) return false;
  fail_point("relay.after_push");
  brought_ += count;
  cursor = std::move(next);
  return true;
}

std::vector<Outgoing> Sweeper::load(const std::vector<JobId>& missing) {
  std::vector<Outgoing> jobs;
  for (const auto& row : table_.find_all(missing)) {
    if (auto job = outgoing(row)) jobs.push_back(std::move(*job));
    if (mutant("relay_deletes_before_push")) {
      table_.finish(row.id, row.attempt);
      fail_point("relay.before_push");
    }
  }
  return jobs;
}

/// Anybody may write rows; what is no job must not come back from the broker again and again.
std::optional<Outgoing> Sweeper::outgoing(const JobRow& row) {
  const auto decoded = decode(row.envelope, std::max(payload_limit_, kMostOfAnyWorker));
  if (const auto* malformed = std::get_if<Malformed>(&decoded)) {
    // Of a later version: whoever reads it will say what it is.
    if (malformed->elsewhere && row.envelope.size() <= kMostOfAnyWorker) {
      const auto known = identify(row.envelope);
      if (known.id == row.id && known.queue == row.queue && known.may_be_durable) return as_it_is(row);
    }
    bury_malformed(row, malformed->reason);
    return std::nullopt;
  }
  const auto& job = std::get<Envelope>(decoded);
  if (!job.durable || job.id != row.id || job.queue != row.queue || job.attempt != row.attempt) {
    bury_malformed(row,
                   "its envelope is not that of a durable job with the id, queue and attempt of its row");
    return std::nullopt;
  }
  return as_it_is(row);
}

void Sweeper::bury_malformed(const JobRow& row, const std::string& reason) {
  log(LogLevel::kError, "a row of the job table is no job, and was buried as a dead letter",
      {{"database", database_.alias()}, {"job_id", row.id.str()}, {"queue", row.queue}, {"reason", reason}});
  const DeadLetter letter{.cause = DeadLetter::Cause::kMalformed,
                          .reason = reason,
                          .worker = "relay",
                          .at = std::chrono::system_clock::now(),
                          .entry = {},
                          .raw = row.envelope};
  table_.bury(row.id, row.attempt, encode(letter));
}

Relay::Relay(std::unique_ptr<Broker> broker, Database& database, std::vector<Queue> queues,
             std::size_t payload_limit, std::chrono::milliseconds interval)
    : broker_{std::move(broker)},
      sweeper_{*broker_, database, std::move(queues), payload_limit},
      listener_{database},
      interval_{interval},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Relay::run(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  while (!stop.stop_requested()) {
    try {
      sweeper_.sweep(stop);
      reconnect_.succeeded();
    } catch (const std::exception& error) {
      sweeper_.forget_source();
      reconnect_.wait(detail::first_line(error), stop);
      continue;
    }
    const auto next = std::chrono::steady_clock::now() + interval_;
    try {
      while (!stop.stop_requested() && !listener_.wait(std::min(kSlice, time_until(next))) &&
             time_until(next) > Millis{0}) {
      }
    } catch (const std::exception&) {
      // Behind a pooler nobody can listen: the interval will do.
      std::unique_lock lock{mutex};
      never.wait_until(lock, stop, next, [] { return false; });
    }
  }
}

}  // namespace aftercommit::worker
