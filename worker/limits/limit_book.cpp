#include "worker/limits/limit_book.hpp"

#include <algorithm>

#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/schema_steps.hpp"
#include "client/settings/command_hint.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::chrono::milliseconds kKnown{2500};  // longer than from one look at the lines to the next
constexpr std::size_t kMostKnown = 100'000;        // lines; of more it is asked

}  // namespace

LimitBook::LimitBook(App& app) : rules_{app.core().limits()} {}

JobLimits LimitBook::of(const Envelope& job, const detail::TaskEntry& task, const Database* database) const {
  return job.death_cause.empty() ? limits_of(rules_, job, task, database) : JobLimits{};
}

const JobLimits::One* LimitBook::full(const JobLimits& limits, const Envelope& job) const {
  if (!limits.any()) return nullptr;
  const bool has_waited = job.limited_since.has_value();
  const std::lock_guard lock{mutex_};
  const auto now = Clock::now();
  const auto is_full = [&](const JobLimits::One& one) {
    if (zero_.contains(one.all_lines)) return true;
    if (has_waited) return false;
    const auto known = [&](const std::string& line_or_place) {
      const auto found = full_until_.find(line_or_place);
      return found != full_until_.end() && found->second > now;
    };
    return known(one.line) || (!one.limit->per_key && known(one.all_lines));
  };
  for (const auto* const all : {&limits.places, &limits.rates}) {
    const auto found = std::ranges::find_if(*all, is_full);
    if (found != all->end()) return &*found;
  }
  return nullptr;
}

void LimitBook::note_full(const std::string& line_or_place) {
  const auto now = Clock::now();
  if (full_until_.size() >= kMostKnown && now >= clean_at_) {  // it takes a while, so not for each
    clean_at_ = now + kKnown;
    std::erase_if(full_until_, [&](const auto& known) { return known.second <= now; });
  }
  if (full_until_.size() < kMostKnown) full_until_[line_or_place] = now + kKnown;
}

void LimitBook::refused(const JobLimits::One& limit) {
  const std::lock_guard lock{mutex_};
  note_full(limit.place());
}

void LimitBook::stands_in(const Queue& queue, const std::string& line) {
  const std::lock_guard lock{mutex_};
  note_full(line);  // who comes later stands behind
  if (news_.joined.emplace(queue, line).second) news_come_.notify_all();
}

void LimitBook::freed(const Queue& queue, std::span<const JobLimits::One> places) {
  if (places.empty()) return;
  const std::lock_guard lock{mutex_};
  for (const auto& one : places) ++news_.freed[{queue, one.line}];
  news_come_.notify_all();
}

bool LimitBook::tables_are_in(Database& database) {
  {
    const std::lock_guard lock{mutex_};
    if (ready_.contains(&database)) return true;
  }
  const bool there = detail::schema_is_at_least(database, detail::kLimitSchema);
  const std::lock_guard lock{mutex_};
  if (there) {
    ready_.insert(&database);
  } else if (lack_.insert(&database).second) {
    log(LogLevel::kError,
        "jobs that have limits wait, which uses up no retry: the tables of this database are too old to keep "
        "limits",
        {{"database", database.alias()}, {"run", detail::command_for(database, "migrate")}});
  }
  return there;
}

LimitBook::News LimitBook::wait_for_news(std::chrono::milliseconds longest, const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  news_come_.wait_for(lock, stop, longest, [&] { return !news_.freed.empty() || !news_.joined.empty(); });
  return std::exchange(news_, {});
}

void LimitBook::has_waiting(const std::string& line) {
  const std::lock_guard lock{mutex_};
  note_full(line);
}

void LimitBook::is_empty(const std::string& line_or_place) {
  const std::lock_guard lock{mutex_};
  full_until_.erase(line_or_place);
}

void LimitBook::has_room(const std::string& all_lines) {
  const std::lock_guard lock{mutex_};
  zero_.erase(all_lines);
}

void LimitBook::set_zero(std::set<std::string> all_lines) {
  const std::lock_guard lock{mutex_};
  zero_.clear();
  zero_.insert(all_lines.begin(), all_lines.end());
}

}  // namespace aftercommit::worker
