#include "worker/limits/usher.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kSoon{100};  // after a job was put aside: its place may have become free meanwhile
constexpr milliseconds kBetweenLooks{1000};  // while jobs wait
constexpr milliseconds kNobodyWaits{2000};   // else
constexpr std::chrono::minutes kPurge{1};
constexpr std::size_t kSome = 500;           // lines of a look
constexpr std::size_t kMostLines = 200'000;  // that are remembered
constexpr std::size_t kMostTries = 20;       // of lines that turn out to be empty
constexpr std::size_t kBatch = 1000;         // jobs of one call to the broker

}  // namespace

Usher::Usher(std::unique_ptr<Aside> broker, App& app, std::vector<Queue> queues, LimitBook& book,
             Serves serves, milliseconds interval)
    : broker_{std::move(broker)},
      app_{app},
      queues_{std::move(queues)},
      book_{book},
      serves_{std::move(serves)},
      interval_{interval},
      thread_{{"letting in jobs that wait for limits"}, [this](const std::stop_token& stop) { step(stop); }} {
}

void Usher::step(const std::stop_token& stop) {
  thread_.progress().enter(Phase::kWaiting);
  auto news = book_.wait_for_news(until_next(), stop);
  thread_.progress().enter(Phase::kAtWork);
  if (stop.stop_requested()) return;
  for (const auto& [queue, line] : news.joined) lines_[line].queues.insert(queue);
  if (!news.joined.empty() && look_soon_at_ == Clock::time_point::max()) look_soon_at_ = Clock::now() + kSoon;
  joined_.merge(news.joined);
  let_in_freed(news);
  if (Clock::now() >= changes_at_) {
    changes_at_ = Clock::now() + interval_;
    look_at_changes();
  }
  if (Clock::now() >= look_at_) {
    look_at_ = Clock::now() + kBetweenLooks;
    look_at_all(stop);
  }
  if (Clock::now() >= look_soon_at_) look_at_joined(stop);
  thread_.succeeded();
}

milliseconds Usher::until_next() const {
  const auto next = std::min({look_soon_at_, look_at_, changes_at_});
  return std::max(std::chrono::ceil<milliseconds>(next - Clock::now()), milliseconds{0});
}

// --- for each place that has become free here

void Usher::let_in_freed(const LimitBook::News& news) {
  std::map<std::string, std::size_t> places;
  for (const auto& [had, count] : news.freed) {
    if (const auto* const limit = limit_of(had.second)) places[place_of(*limit, had.second)] += count;
  }
  for (const auto& [place, count] : places) {
    if (bring_back_of(place, count) < count) book_.is_empty(place);
  }
}

/// One of each line of this place, in turn; fewer: none is known of.
std::size_t Usher::bring_back_of(const std::string& place, std::size_t most) {
  if (limit_of(place)->per_key) return bring_back(place, most);
  std::size_t back = 0;
  auto& last = served_last_[place];
  for (std::size_t tries = 0; back < most && tries < most + kMostTries; ++tries) {
    auto next = lines_.upper_bound(last);
    if (last.empty() || next == lines_.end() || !next->first.starts_with(place))
      next = lines_.lower_bound(place);
    if (next == lines_.end() || !next->first.starts_with(place)) break;
    last = next->first;
    back += bring_back(std::string{last}, 1);
  }
  return back;
}

/// So many, of its queues in turn; fewer: none is left.
std::size_t Usher::bring_back(const std::string& line, std::size_t most) {
  const auto known = lines_.find(line);
  if (known == lines_.end()) return 0;
  auto& [queues, last] = known->second;
  std::size_t back = 0;
  std::size_t empty = 0;  // so many in a row
  while (back < most && empty < queues.size()) {
    auto queue = queues.upper_bound(last);
    if (queue == queues.end()) queue = queues.begin();
    last = *queue;
    const auto share = (most - back + queues.size() - 1) / queues.size();
    const auto some = broker_->bring_back(*queue, line, std::min(share, kBatch), true);
    back += some;
    empty = some == 0 ? empty + 1 : 0;
  }
  if (back < most) {
    lines_.erase(known);
    book_.is_empty(line);
  } else {
    book_.has_waiting(line);
  }
  return back;
}

// --- by looks at the lines

void Usher::look_at_joined(const std::stop_token& stop) {
  look_soon_at_ = Clock::time_point::max();
  std::set<std::string> lines;
  for (const auto& [queue, line] : std::exchange(joined_, {})) {
    if (lines.size() == kSome) break;  // the others are found by the other looks
    lines.insert(line);
  }
  let_in(lines, stop);
}

void Usher::look_at_all(const std::stop_token& stop) {
  std::set<std::string> lines;
  if (lines_.size() > kMostLines) lines_.clear();
  for (const auto& aside : broker_->limited(queues_, kSome)) {
    lines_[aside.reason].queues.insert(aside.queue);
    lines.insert(aside.reason);
  }
  if (lines.empty() && lines_.empty()) look_at_ = Clock::now() + kNobodyWaits;
  let_in(lines, stop);
}

void Usher::let_in(const std::set<std::string>& lines, const std::stop_token& stop) {
  std::map<Database*, Places> places;
  for (const auto& line : lines) {
    const auto* const limit = limit_of(line);
    auto* const database = database_of(line);
    if (limit != nullptr && database != nullptr) {
      places[database][place_of(*limit, line)].insert(line);
    } else {
      leave_to_their_time(line);
    }
  }
  for (const auto& [database, of_database] : places) {
    if (stop.stop_requested()) return;
    if (!serves_(*database)) continue;
    constexpr std::string_view kFailed =
        "a database does not say for how many jobs its limits have room; it is asked again every second";
    auto& failing = failures_.try_emplace("room " + database->alias(), kFailed).first->second;
    try {
      if (!book_.tables_are_in(*database)) continue;
      let_in(*database, of_database);
      failing.succeeded();
    } catch (const BrokerUnavailable&) {
      throw;
    } catch (...) {
      failing.failed(database->alias());
    }
  }
}

void Usher::let_in(Database& database, const Places& places) {
  std::vector<detail::LimitOfKey> asked;
  for (const auto& [place, lines] : places)
    asked.push_back({.limit = *limit_of(place), .key = std::string{Line::parse(place)->key}});
  const auto room = detail::find_room(database, asked);
  std::size_t i = 0;
  for (const auto& [place, lines] : places) {
    if (room.at(i) > 0) book_.has_room(all_lines_of(place));  // sooner than the next heartbeat
    let_in_place(place, lines, room.at(i++));
  }
}

/// A share for each line, and what is left over for the next in turn.
void Usher::let_in_place(const std::string& place, const std::set<std::string>& lines, std::size_t room) {
  for (const auto& line : lines) book_.has_waiting(line);
  const auto share = room / lines.size();
  std::size_t left = room;
  if (share > 0) {
    for (const auto& line : lines) left -= bring_back(line, share);
  }
  if (left > 0) left -= bring_back_of(place, left);
  if (left > 0) book_.is_empty(place);
}

/// Their limit is not known here: another worker may know it, and if none does they run without.
void Usher::leave_to_their_time(const std::string& line) {
  for (const auto& queue : queues_) broker_->bring_back(queue, line, kBatch, false);
}

const detail::DeclaredLimit* Usher::limit_of(const std::string& line) const {
  const auto parsed = Line::parse(line);
  if (!parsed) return nullptr;
  const auto& all = app_.core().limits().all();
  const auto found = all.find(parsed->name);
  return found == all.end() ? nullptr : &found->second;
}

/// For a limit by key the line itself, else how the reasons of all its lines begin.
std::string Usher::place_of(const detail::DeclaredLimit& limit, const std::string& line) {
  return limit.per_key ? line : all_lines_of(line);
}
std::string Usher::all_lines_of(const std::string& line) {
  return line.substr(0, line.size() - Line::parse(line)->key.size());
}

Database* Usher::database_of(const std::string& line) {
  const auto parsed = Line::parse(line);
  if (!parsed) return nullptr;
  const auto& databases = app_.core().databases();
  const auto found = databases.find(parsed->alias);
  return found == databases.end() ? nullptr : found->second.get();
}

// --- what has been declared and changed

void Usher::look_at_changes() {
  std::set<std::string> zero;
  for (const auto& [alias, database] : app_.core().databases()) {
    constexpr std::string_view kFailed =
        "a database does not say which limits have been changed; it is asked again with each heartbeat";
    auto& failing = failures_.try_emplace(alias, kFailed).first->second;
    try {
      if (serves_(*database) && book_.tables_are_in(*database)) look_at_changes(alias, *database, zero);
      failing.succeeded();
    } catch (...) {
      failing.failed(alias);
    }
  }
  book_.set_zero(std::move(zero));
  if (Clock::now() >= purge_at_) purge_at_ = Clock::now() + kPurge;
}

void Usher::look_at_changes(const std::string& alias, Database& database, std::set<std::string>& zero) {
  const auto& all = app_.core().limits().all();
  if (!declared_.contains(alias)) {
    std::vector<detail::DeclaredLimit> declared;
    for (const auto& [name, limit] : all) declared.push_back(limit);
    detail::declare_limits(database, declared);
    declared_.insert(alias);
  }
  const auto rows = detail::find_limits(database);
  for (const auto& row : rows) {
    if (!all.contains(row.name)) continue;
    const auto [known, is_new] = most_[alias].try_emplace(row.name, row.most);
    if (!is_new && known->second != row.most) {
      log(LogLevel::kInfo, "a limit has been changed",
          {{"limit", row.name}, {"database", alias}, {"before", known->second}, {"most", row.most}});
      known->second = row.most;
    }
    if (row.most == 0) zero.insert(std::string{kLimitReason} + alias + ':' + row.name + ':');
  }
  if (Clock::now() < purge_at_) return;
  while (detail::purge_rates(database) > 0) {
  }
}

}  // namespace aftercommit::worker
