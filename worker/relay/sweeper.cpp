#include "worker/relay/sweeper.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "worker/relay/judge_row.hpp"

namespace aftercommit::worker {
namespace {

using detail::FeedCursor;
using detail::FeedPage;
using detail::JobRow;

constexpr std::size_t kPage = 1000;
constexpr std::size_t kStep = 50;    // jobs loaded and sent at once: each may be as large as a payload may be
constexpr Millis kBacklogSlice{50};  // for the backlog, before the new jobs are looked for again
constexpr Millis kElsewhere{1000};   // at least, between two looks whether somebody else goes on with it

/// An answer came from another run of the server, or another one, than those before it.
struct OtherSource {
  std::string source;
};

}  // namespace

Sweeper::Sweeper(RelayTarget& broker, Database& database, std::vector<Queue> queues,
                 std::size_t payload_limit, Limits limits, ShardShare share)
    : broker_{broker},
      database_{database},
      feed_{database},
      queues_{std::move(queues)},
      payload_limit_{payload_limit},
      limits_{limits},
      share_{std::move(share)} {}

std::size_t Sweeper::sweep(const std::stop_token& stop) {
  constexpr int kLooks = 3;
  brought_ = 0;
  if (source_.empty()) source_ = feed_.source();
  for (int looks = 1;; ++looks) {
    try {
      look(stop);
      return brought_;
    } catch (const OtherSource& other) {
      // What was read counts for nothing: the cursor was another server's.
      source_ = other.source;
      backlogs_.clear();
      if (looks < kLooks) continue;
      throw DatabaseUnavailable{"database '" + database_.alias() +
                                "' leads to several servers in turn: its jobs cannot be relayed until it "
                                "leads to one"};
    }
  }
}

void Sweeper::look(const std::stop_token& stop) {
  goes_on_at_.reset();
  const auto cursors = broker_.relay_cursors(cursor_source(), queues_);
  std::vector<Track> behind;
  std::exception_ptr trouble;  // with one queue, which must not keep the others from being read
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    try {
      auto fresh = follow(queues_[i], cursors[i], stop);
      if (fresh && !fresh->cursor.complete) behind.push_back(std::move(*fresh));
    } catch (const std::exception&) {
      if (!trouble) trouble = std::current_exception();
    }
  }
  try {
    work_off(behind, stop);
  } catch (const std::exception&) {
    if (!trouble) trouble = std::current_exception();
  }
  if (trouble) std::rethrow_exception(trouble);
}

// --- The new jobs.

/// Nothing if another sweeper came first.
std::optional<Sweeper::Track> Sweeper::follow(const Queue& queue, const std::string& known,
                                              const std::stop_token& stop) {
  std::optional<Track> track;
  if (auto cursor = FeedCursor::parse(known)) {
    track = Track{queue, cursor_source(), std::move(*cursor)};
  } else {
    track = start_anew(queue, known);
  }
  bool more = true;
  while (track && more && !stop.stop_requested()) {
    auto page = read(*track, kPage);
    fail_point("relay.after_read");
    const auto& cursor = track->cursor;
    if (!detail::can_follow(cursor.sweeping.value_or(cursor.shown), page.snapshot)) {
      log(LogLevel::kWarning, "the database has gone back in time: reading its job table anew",
          {{"database", database_.alias()}, {"queue", queue}});
      track = start_anew(queue, cursor.str());
      continue;
    }
    if (page.jobs.empty() && !cursor.sweeping && page.snapshot == cursor.shown) return track;
    const auto full = page.jobs.size() == kPage;
    if (bring(*track, std::move(page), false) == Brought::kNothing) return std::nullopt;
    more = full;
  }
  return track;
}

/// From now on, with all that is there now as the backlog.  Nothing if another sweeper came first.
std::optional<Sweeper::Track> Sweeper::start_anew(const Queue& queue, const std::string& expected) {
  Track track{queue, cursor_source(), FeedCursor::from_the_start()};
  track.cursor.shown = read(track, 0).snapshot;
  if (!broker_.relay(
          {.queue = queue, .source = track.source, .expected = expected, .next = track.cursor.str()})) {
    return std::nullopt;
  }
  forget_outlived(queue);
  return track;
}

void Sweeper::forget_outlived(const Queue& queue) {
  const auto sources = detail::outlived(broker_.relay_sources(queue), cursor_source());
  if (!sources.empty()) broker_.forget_relay_sources(queue, sources);
}

// --- The backlog.

void Sweeper::work_off(std::vector<Track>& behind, const std::stop_token& stop) {
  const auto until = Clock::now() + kBacklogSlice;
  const auto go_on_at = [this](Clock::time_point at) {
    goes_on_at_ = std::min(goes_on_at_.value_or(at), at);
  };
  std::exception_ptr trouble;
  for (bool more = true; more && !trouble;) {
    more = false;
    for (std::size_t i = 0; i < behind.size(); ++i) {
      const auto now = Clock::now();
      if (stop.stop_requested()) return;
      if (now >= until || now < pace_.ready_at()) {
        go_on_at(std::max(now, pace_.ready_at()));
        more = false;
        break;
      }
      auto& fresh = behind[turn_++ % behind.size()];
      if (fresh.cursor.complete) continue;
      auto& backlog = backlogs_[fresh.queue];
      if (now < backlog.again) {
        go_on_at(backlog.again);
        continue;
      }
      try {
        if (work_off(fresh, backlog)) {
          more = true;
        } else if (!fresh.cursor.complete) {
          go_on_at(backlog.again);
        }
      } catch (const std::exception&) {  // as above: of one queue
        if (!trouble) trouble = std::current_exception();
      }
    }
  }
  if (trouble) std::rethrow_exception(trouble);
}

/// One page of it; false if that is not, or no longer, for this sweeper to do.
bool Sweeper::work_off(Track& fresh, Backlog& backlog) {
  const auto source = detail::backlog_of(cursor_source());
  const auto known = broker_.relay_cursors(source, {&fresh.queue, 1}).front();
  auto cursor = FeedCursor::parse(known);
  if (!cursor || cursor->token != fresh.cursor.token) {
    cursor = FeedCursor{.token = fresh.cursor.token};
    if (!broker_.relay({.queue = fresh.queue, .source = source, .expected = known, .next = cursor->str()})) {
      leave_to_others(backlog, {});
      return false;
    }
    backlog = {};
  } else if (!cursor->at_the_start() && !cursor->sweeping) {
    complete(fresh, backlog);
    return false;
  } else if (known != backlog.left && known != backlog.seen) {
    leave_to_others(backlog, known);  // somebody is at it, unless nothing has changed by then
    return false;
  }

  Track track{fresh.queue, source, std::move(*cursor)};
  auto page = read(track, kPage);
  fail_point("relay.after_read");
  const auto brought_before = brought_;
  const auto rows = page.jobs.size();
  const auto brought = bring(track, std::move(page), true);
  const auto jobs = brought_ - brought_before;
  const auto now = Clock::now();
  pace_.spend(static_cast<double>(rows), limits_.rows, now);
  pace_.spend(static_cast<double>(jobs), limits_.jobs, now);
  backlog.rows += rows;
  backlog.brought += jobs;
  if (brought == Brought::kNothing) {
    leave_to_others(backlog, {});
    return false;
  }
  backlog.left = track.cursor.str();
  if (brought == Brought::kAll) complete(fresh, backlog);
  return brought == Brought::kPart;
}

void Sweeper::leave_to_others(Backlog& backlog, std::string seen) {
  backlog.seen = std::move(seen);
  backlog.left.clear();
  backlog.again = Clock::now() + kElsewhere + Millis{std::uniform_int_distribution<int>{0, 1000}(random_)};
}

/// If another sweeper has moved the cursor of the new jobs meanwhile, the next look will do.
void Sweeper::complete(Track& fresh, Backlog& backlog) {
  auto next = fresh.cursor;
  next.complete = true;
  if (!step(fresh, std::move(next), {})) return;
  broker_.forget_relay_sources(fresh.queue, std::vector{detail::backlog_of(cursor_source())});
  if (backlog.rows > 0) {
    log(backlog.brought > 0 ? LogLevel::kWarning : LogLevel::kInfo,
        backlog.brought > 0 ? "the job table was read anew, since its server was started again, or the "
                              "broker is new to it or "
                              "has lost its data: jobs that were missing in the broker were brought"
                            : "the job table was read anew: the broker has all of its jobs",
        {{"database", database_.alias()},
         {"queue", fresh.queue},
         {"rows", backlog.rows},
         {"jobs", backlog.brought}});
  }
  backlog = {};
}

// --- Both.

FeedPage Sweeper::read(const Track& track, std::size_t limit) {
  auto page = feed_.read(track.queue, track.cursor, limit);
  check(page.source);
  return page;
}

/// As the broker knows it.
std::string Sweeper::cursor_source() const { return detail::of_shards(source_, share_.among); }

void Sweeper::check(const std::string& source) const {
  if (source != source_) throw OtherSource{source};
}

/// Brings what the broker misses of a page and moves the cursor behind it, as a whole or, if the cursor is
/// not ours any more, in part.  `bounded`: what began after the first page of this sweep is not its business.
Sweeper::Brought Sweeper::bring(Track& track, FeedPage page, bool bounded) {
  const auto& cursor = track.cursor;
  const auto snapshot = cursor.sweeping.value_or(page.snapshot);
  const bool full = page.jobs.size() == kPage;
  const bool last = (bounded && detail::drop_later(page, snapshot)) || !full;
  FeedCursor end = cursor;
  if (last) {
    end = {.token = cursor.token, .shown = snapshot};
    end.complete = cursor.complete;
  } else {
    end.sweeping = snapshot;
    end.position = page.jobs.back().position;
  }

  if (share_.takes) {  // other shards have relays of their own
    std::erase_if(page.jobs, [this](const FeedPage::Entry& entry) { return !share_.takes(entry.id); });
  }
  std::vector<JobId> ids;
  for (const auto& entry : page.jobs) ids.push_back(entry.id);
  const auto there = ids.empty() ? std::vector<bool>{} : broker_.has_durable(track.queue, ids);
  std::vector<JobId> missing;
  std::unordered_set<JobId> again;  // what the broker has of these may be the copy that died
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const bool revived = page.jobs[i].revived;
    if (there[i] && revived) again.insert(ids[i]);
    if (!there[i] || revived) missing.push_back(ids[i]);
    if (missing.size() < kStep) continue;
    FeedCursor next = cursor;
    next.sweeping = snapshot;
    next.position = page.jobs[i].position;
    if (!step(track, std::move(next), load(std::exchange(missing, {}), again))) return Brought::kNothing;
  }
  if (!step(track, std::move(end), missing.empty() ? std::vector<Outgoing>{} : load(missing, again))) {
    return Brought::kNothing;
  }
  return last ? Brought::kAll : Brought::kPart;
}

bool Sweeper::step(Track& track, FeedCursor next, std::vector<Outgoing> jobs) {
  const auto count = jobs.size();
  const bool ours = broker_.relay({.queue = track.queue,
                                   .source = track.source,
                                   .expected = track.cursor.str(),
                                   .next = next.str(),
                                   .jobs = std::move(jobs)});
  if (!ours) return false;
  fail_point("relay.after_push");
  brought_ += count;
  track.cursor = std::move(next);
  return true;
}

std::vector<Outgoing> Sweeper::load(const std::vector<JobId>& missing,
                                    const std::unordered_set<JobId>& again) {
  const auto loaded = feed_.load(missing);
  check(loaded.source);  // another server may not have them yet, or not any more
  std::vector<Outgoing> jobs;
  for (const auto& row : loaded.rows) {
    if (auto job = outgoing(row)) {
      job->again = again.contains(row.id);
      jobs.push_back(std::move(*job));
    }
  }
  return jobs;
}

std::optional<Outgoing> Sweeper::outgoing(const JobRow& row) {
  const auto judged = judge_row(row, payload_limit_);
  if (const auto* const flaw = std::get_if<RowFlaw>(&judged)) {
    bury_row(database_, row, flaw->reason, "relay");
    return std::nullopt;
  }
  return Outgoing{.queue = row.queue,
                  .payload = row.envelope,
                  .countdown = row.due_in,
                  .durable = row.id,
                  .priority = std::get<Priority>(judged)};
}

}  // namespace aftercommit::worker
