#include "worker/table/row_taker.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>
#include <variant>

#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "worker/relay/judge_row.hpp"

namespace aftercommit::worker {
namespace {

using Left = TakenJobs::Left;
using detail::Picked;

constexpr std::size_t kPage = 1000;        // ids read at once
constexpr std::size_t kMostPicked = 1000;  // rows looked at at once
constexpr Millis kOneLook{50};             // takes no longer by much
/// When to look again at a job that another session has: it may die, or give it back.
constexpr Millis kOfOthers{500};
constexpr Millis kUnburied{5000};
/// A time that is far away is looked at before that all the same: clocks may be set.
constexpr Millis kFarAway = std::chrono::hours{1};

}  // namespace

RowTaker::RowTaker(Database& database, std::size_t payload_limit, std::chrono::milliseconds interval,
                   std::function<bool(const JobId&)> takes)
    : database_{database},
      payload_limit_{payload_limit},
      interval_{interval},
      takes_{std::move(takes)},
      feed_{database},
      picker_{database} {}

void RowTaker::note(std::span<const Left> left) {
  for (const auto& [id, queue, how, again] : left) {
    picker_.drop(id);
    if (how == Left::How::kAside) continue;
    const bool was_taken = taken_.erase(id) > 0;
    if (how == Left::How::kDone) known_.erase(id);
    // Since it was taken all may have been forgotten, and its row been read anew.
    const bool is_new = how == Left::How::kLater && known_.insert(id).second;
    const auto after = woken_.erase(id) > 0 ? Millis{0} : again;
    if (how == Left::How::kLater && (was_taken || is_new)) look_again(queues_[queue], id, after);
  }
}

void RowTaker::take(const TakenJobs::Wanted& wanted, std::vector<TakenJobs::Job>& jobs) {
  picker_.connect();  // also where there is nothing to pick: an operator sees who would
  const auto now = Clock::now();
  until_ = now + kOneLook;
  for (const auto& queue : wanted.queues) {
    if (jobs.size() >= wanted.count) return;
    auto& rows = queues_[queue];
    rows.may_have_more = rows.may_have_more || now >= rows.read_at + interval_;
    take(queue, rows, wanted.count, jobs);
  }
}

/// Where most rows are others' or not due, more and more of them are looked at.
void RowTaker::take(const Queue& queue, Rows& rows, std::size_t wanted, std::vector<TakenJobs::Job>& jobs) {
  constexpr std::size_t kMore = 4;
  for (std::size_t most = wanted - jobs.size(); jobs.size() < wanted && Clock::now() < until_;) {
    const auto next = candidates(queue, rows, std::min(most, kMostPicked));
    if (next.ids.empty() && !rows.may_have_more) return;
    if (next.ids.empty()) continue;
    const auto before = jobs.size();
    auto all = picker_.pick(next.ids);
    rows.waiting.erase(rows.waiting.begin(),
                       std::next(rows.waiting.begin(), static_cast<std::ptrdiff_t>(next.due)));
    rows.unpicked.erase(
        rows.unpicked.begin(),
        std::next(rows.unpicked.begin(), static_cast<std::ptrdiff_t>(next.ids.size() - next.due)));
    std::exception_ptr trouble;  // with one, which must not keep the others from being judged
    for (auto& picked : all) {
      try {
        judge(rows, std::move(picked), jobs);
      } catch (const std::exception&) {
        trouble = std::current_exception();
      }
    }
    if (trouble) std::rethrow_exception(trouble);
    fail_point("table.after_pick");
    most = jobs.size() == before ? kMore * most : wanted - std::min(wanted, jobs.size());
  }
}

/// Those whose time has come and those that were read, half of each where there are enough of both.
RowTaker::Candidates RowTaker::candidates(const Queue& queue, Rows& rows, std::size_t most) {
  if (rows.unpicked.empty() && rows.may_have_more) read(queue, rows);
  Candidates next;
  const auto now = Clock::now();
  // A mark counts: of what is in hand here, or asked for already, none is to be asked for again.
  const auto is_needless = [&](const JobId& id) {
    return !doubled_.empty() && doubled_.contains(id) &&
           (taken_.contains(id) || std::ranges::find(next.ids, id) != next.ids.end());
  };
  const auto of_due = most - std::min(rows.unpicked.size(), most / 2);
  for (auto at = rows.waiting.begin(); at != rows.waiting.end() && at->first <= now && next.due < of_due;) {
    if (is_needless(at->second)) {
      at = rows.waiting.erase(at);
      continue;
    }
    next.ids.push_back(at->second);
    ++next.due;
    ++at;
  }
  for (auto at = rows.unpicked.begin(); at != rows.unpicked.end() && next.ids.size() < most;) {
    if (is_needless(*at)) {
      at = rows.unpicked.erase(at);
      continue;
    }
    next.ids.push_back(*at);
    ++at;
  }
  return next;
}

/// A page, as a relay does (worker/relay/sweeper): but from the beginning on, and without haste.
void RowTaker::read(const Queue& queue, Rows& rows) {
  auto page = feed_.read(queue, rows.cursor, kPage);
  fail_point("table.after_read");
  if (page.source != source_) {
    const bool first = source_.empty();
    start_anew(page.source);
    if (!first) return;
  }
  auto& cursor = rows.cursor;
  if (!detail::can_follow(cursor.sweeping.value_or(cursor.shown), page.snapshot)) {
    log(LogLevel::kWarning, "the database has gone back in time: reading its job table anew",
        {{"database", database_.alias()}, {"queue", queue}});
    start_anew(page.source);
    return;
  }
  const auto snapshot = cursor.sweeping.value_or(page.snapshot);
  const bool full = page.jobs.size() == kPage;
  const bool last = detail::drop_later(page, snapshot) || !full;
  for (const auto& entry : page.jobs) {
    if (takes_ && !takes_(entry.id)) continue;
    if (known_.insert(entry.id).second) {
      rows.unpicked.push_back(entry.id);
    } else if (entry.revived) {  // due now, whatever was known of it: a flow was given the event it waits for
      woken(rows, entry.id);
    }
  }
  if (last) {
    rows.may_have_more = snapshot != page.snapshot;
    cursor = {.token = cursor.token, .shown = snapshot};
    rows.read_at = Clock::now();
  } else {
    cursor.sweeping = snapshot;
    cursor.position = page.jobs.back().position;
  }
}

/// One that is still in hand here is looked at once it is left, and not when it was said to come back.
void RowTaker::woken(Rows& rows, const JobId& job) {
  doubled_.insert(job);
  if (taken_.contains(job)) {
    woken_.insert(job);
  } else {
    rows.unpicked.push_back(job);
  }
}

void RowTaker::judge(Rows& rows, Picked picked, std::vector<TakenJobs::Job>& jobs) {
  switch (picked.how) {
    case Picked::How::kGone:
      known_.erase(picked.id);
      doubled_.erase(picked.id);
      return;
    case Picked::How::kOthers:
      return look_again(rows, picked.id, kOfOthers);
    case Picked::How::kNotDue:
      return look_again(rows, picked.id, std::min(picked.row->due_in, kFarAway));
    case Picked::How::kOurs:
      break;
  }
  auto& row = *picked.row;
  const auto judged = judge_row(row, payload_limit_);
  if (const auto* const flaw = std::get_if<RowFlaw>(&judged)) {
    picker_.drop(picked.id);
    look_again(rows, picked.id, kUnburied);  // it is gone by then, or stays for another try
    bury_row(database_, row, flaw->reason, "table intake");
    return;
  }
  taken_.insert(row.id);
  jobs.push_back({.id = row.id,
                  .queue = std::move(row.queue),
                  .payload = std::move(row.envelope),
                  .level = std::get<Priority>(judged),
                  .database = database_.alias()});
}

void RowTaker::look_again(Rows& rows, const JobId& job, Millis after) {
  rows.waiting.emplace(Clock::now() + after, job);
}

RowTaker::Clock::time_point RowTaker::look_at(const TakenJobs::Wanted& wanted) const {
  auto first = Clock::now() + interval_;
  for (const auto& queue : wanted.queues) {
    const auto found = queues_.find(queue);
    if (found == queues_.end()) return {};
    const auto& rows = found->second;
    if (rows.may_have_more || !rows.unpicked.empty()) return {};
    first = std::min(first, rows.read_at + interval_);
    if (!rows.waiting.empty()) first = std::min(first, rows.waiting.begin()->first);
  }
  return first;
}

void RowTaker::news() noexcept {
  for (auto& [queue, rows] : queues_) rows.may_have_more = true;
}

void RowTaker::start_anew(const std::string& source) {
  source_ = source;
  for (auto& [queue, rows] : queues_) rows = {};
  known_ = taken_;
  doubled_.clear();
}

void RowTaker::forget() noexcept {
  picker_.close();
  source_.clear();
  queues_.clear();
  known_.clear();
  taken_.clear();
  woken_.clear();
  doubled_.clear();
}

}  // namespace aftercommit::worker
