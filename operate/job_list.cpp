#include "operate/job_list.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "broker/contract/no_redis.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"

namespace aftercommit::operate {
namespace {

/// In the order in which they are listed.
constexpr std::array kParts{JobPart::kRunning, JobPart::kReady, JobPart::kDelayed, JobPart::kAside};
constexpr std::string_view kPartLetters = "xrda";

/// Where a list has stopped: in the rows of a database, "t:default:<xact>:<id>", or in a part of a queue of
/// Redis, "r:mail:d:<place>".
struct ListPlace {
  bool in_redis = false;
  std::string name{};  ///< alias or queue
  RowPlace row{};
  std::size_t part = 0;  ///< in kParts
  std::string place{};   ///< in that

  std::string str() const {
    if (!in_redis) return "t:" + name + ':' + row.xact + ':' + row.id;
    return "r:" + name + ':' + kPartLetters.at(part) + ':' + place;
  }
};

ListPlace read_list_place(const std::string& text) {
  ListPlace place{.in_redis = text.starts_with("r:")};
  auto rest = std::string_view{text};
  const auto next = [&] {
    const auto end = std::min(rest.find(':'), rest.size());
    std::string part{rest.substr(0, end)};
    rest.remove_prefix(std::min(end + 1, rest.size()));
    return part;
  };
  bool right = next() == (place.in_redis ? "r" : "t");
  place.name = next();
  right &= valid_name(place.name);
  if (place.in_redis) {
    const auto letter = next();
    place.part = letter.size() == 1 ? kPartLetters.find(letter) : kPartLetters.npos;
    right &= place.part < kParts.size();
    place.place = rest;
  } else {
    place.row.xact = next();
    place.row.id = rest;
    right &= JobId::parse(place.row.id).has_value() && place.row.xact.size() <= 20 &&
             place.row.xact.find_first_not_of("0123456789") == std::string::npos;
  }
  if (right) return place;
  throw UsageError{"'" + in_one_line(text, 100) +
                   "' is no place in a list to go on from: give `next` of the page before"};
}

std::set<Queue> paused_in(const Store& store) {
  std::set<Queue> found;
  if (detail::schema_version(store.database) < detail::kPauseSchema) return found;
  for (const auto& paused : detail::find_paused(store.database)) found.insert(paused.queue);
  return found;
}

/// One page.
class Listing {
 public:
  Listing(Servers& servers, const JobsAsked& asked, const LookBounds& bounds)
      : servers_{servers}, asked_{asked}, filter_{asked.filter}, bounds_{bounds} {
    if (!asked.after.empty()) from_ = read_list_place(asked.after);
    if (from_ && !from_->in_redis && !filter_.queue.empty() && from_->row.xact.empty()) {
      throw UsageError{
          "a list goes on with the filter that it began with: this `after` is of one of all queues"};
    }
  }

  JobList run() {
    list_.answers = servers_.look_at_each(
        [&](const Store& store) {
          aliases_.insert(store.alias);
          paused_.merge(paused_in(store));
          if (reads_rows()) read_rows(store);
        },
        [&](Browsing& redis) {
          mark_those_in_redis();
          read_redis(redis);
        });
    return std::move(list_);
  }

 private:
  using State = JobStanding;

  bool asks_for(State state) const { return !filter_.state || *filter_.state == state; }
  /// Those that run or stand aside Redis knows, whatever their delivery.
  bool all_in_redis() const { return filter_.state == State::kRunning || filter_.state == State::kAside; }
  bool reads_rows() const { return !all_in_redis() && !stopped_ && !(from_ && from_->in_redis); }
  std::size_t room() const { return asked_.limit - std::min(asked_.limit, list_.jobs.size()); }
  std::size_t budget() const { return bounds_.rows - std::min(bounds_.rows, list_.looked_at); }

  void stop(const ListPlace& at) {
    stopped_ = true;
    list_.cut_off = room() > 0;
    list_.next = at.str();
  }

  void read_rows(const Store& store) {
    std::optional<RowPlace> after;
    if (from_) {
      if (from_->name != store.alias) return;  // it comes before
      after = std::exchange(from_, std::nullopt)->row;
    }
    const bool looks_at_all = filter_.has_text() || filter_.state || filter_.before || filter_.since;
    for (;;) {
      if (room() == 0 || budget() == 0) {
        if (after) return stop({.name = store.alias, .row = *after});
        // At the beginning of a table: the one before it has filled the page to its last row.
        return stop({.name = store.alias, .row = before_all()});
      }
      const auto slice = find_rows(store,
                                   {.filter = filter_,
                                    .paused = paused_,
                                    .oldest_first = asked_.oldest_first,
                                    .look_at = std::min(budget(), looks_at_all ? kLookAt : room()),
                                    .most = room(),
                                    .longest = bounds_.statement},
                                   after);
      list_.looked_at += slice.looked_at;
      for (const auto& row : slice.rows) take(job_line(store.alias, row));
      if (!slice.next) return;
      after = slice.next;
    }
  }

  /// Before every row, in the order that is asked for.
  RowPlace before_all() const {
    const bool oldest = asked_.oldest_first;
    RowPlace place{.id = oldest ? "00000000-0000-0000-0000-000000000000"
                                : "ffffffff-ffff-ffff-ffff-ffffffffffff"};
    if (!filter_.queue.empty()) place.xact = oldest ? "0" : "18446744073709551615";
    return place;
  }

  /// What PostgreSQL has let through by its text may hold that elsewhere.
  void take(JobLine line) {
    if (filter_.has_text() && (!line.job || !filter_.matches_text(*line.job))) return;
    list_.jobs.push_back(std::move(line));
  }

  /// Of the rows that are listed.
  void mark_those_in_redis() {
    std::map<Queue, std::vector<std::size_t>> of_queue;
    for (std::size_t i = 0; i < list_.jobs.size(); ++i) of_queue[list_.jobs[i].queue].push_back(i);
    for (const auto& [queue, places] : of_queue) {
      std::vector<JobId> ids;
      for (const auto i : places) ids.push_back(JobId::parse(list_.jobs[i].id).value());
      const auto there = servers_.in_redis(queue, ids);
      for (std::size_t n = 0; n < places.size(); ++n) list_.jobs[places[n]].in_redis = there[n];
    }
  }

  void read_redis(Browsing& redis) {
    if (stopped_) return;
    const auto queues = filter_.queue.empty() ? queues_of(redis, bounds_) : std::vector{filter_.queue};
    if (queues.empty()) return;
    const auto paused_since = servers_.broker().paused_since(queues);
    for (std::size_t i = 0; i < queues.size(); ++i) {
      const auto& queue = queues[i];
      if (from_ && from_->in_redis && queue < from_->name) continue;
      const bool paused = paused_.contains(queue) || paused_since[i].has_value();
      for (std::size_t part = 0; part < kParts.size(); ++part) {
        if (!wants(kParts.at(part), paused)) continue;
        std::string after;
        if (from_ && from_->in_redis && queue == from_->name) {
          if (part < from_->part) continue;
          if (part == from_->part) after = from_->place;
        }
        read_part(redis, queue, part, paused, std::move(after));
        if (stopped_) return;
      }
    }
  }

  bool wants(JobPart part, bool paused) const {
    switch (part) {
      case JobPart::kRunning:
        return asks_for(State::kRunning);
      case JobPart::kReady:
        return asks_for(paused ? State::kPaused : State::kReady) || asks_for(State::kRetrying);
      case JobPart::kDelayed:
        return asks_for(State::kDelayed) || asks_for(State::kRetrying);
      case JobPart::kAside:
        break;
    }
    return asks_for(State::kAside);
  }

  void read_part(Browsing& redis, const Queue& queue, std::size_t part, bool paused, std::string after) {
    do {
      if (room() == 0 || budget() == 0 || parts_read_ == bounds_.parts)
        return stop({.in_redis = true, .name = queue, .part = part, .place = after});
      ++parts_read_;
      auto page = redis.jobs(queue, kParts.at(part), after, std::min(budget(), room()));
      list_.looked_at += page.looked_at;
      for (const auto& entry : page.jobs) take_entry(job_line(queue, entry, paused));
      after = std::move(page.next);
    } while (!after.empty());
  }

  void take_entry(JobLine line) {
    if (!asks_for(line.state)) return;
    if (!all_in_redis() && line.job && line.job->durable && has_its_row(*line.job))
      return;  // listed as a row
    if (line.job && !filter_.matches_time(line.job->enqueued_at)) return;
    if (!line.job && (filter_.before || filter_.since)) return;
    take(std::move(line));
  }

  /// In one of the databases that were asked: that of its alias, or the workers' default.
  bool has_its_row(const Envelope& job) const {
    return job.database.empty() ? !aliases_.empty() : aliases_.contains(job.database);
  }

  static constexpr std::size_t kLookAt = 2000;  // rows of one statement: some 20 ms

  Servers& servers_;  // not owned, outlives this, as the next two
  const JobsAsked& asked_;
  const JobFilter& filter_;
  const LookBounds bounds_;
  std::optional<ListPlace> from_;  // where to go on; nothing: the place has been met, or there is none
  std::set<std::string> aliases_;
  std::set<Queue> paused_;
  std::size_t parts_read_ = 0;
  bool stopped_ = false;
  JobList list_;
};

}  // namespace

JobList list_jobs(Servers& servers, const JobsAsked& asked, const LookBounds& bounds) {
  if (asked.filter.state == JobStanding::kDead)
    throw UsageError{"dead jobs have a list of their own: ask for that"};
  const auto state = asked.filter.state;
  if (is_no_redis(servers.redis_url()) && (state == JobStanding::kRunning || state == JobStanding::kAside)) {
    throw ConfigError{needs_redis(state == JobStanding::kRunning ? "a list of the jobs that run"
                                                                 : "a list of the jobs that stand aside")};
  }
  return Listing{servers, asked, bounds}.run();
}

Json in_json(const JobList& list, bool args) {
  Json jobs = Json::array();
  for (const auto& job : list.jobs) jobs.push_back(in_json(job, args));
  Json document{{"jobs", std::move(jobs)},
                {"next", or_null(list.next)},
                {"looked_at", list.looked_at},
                {"cut_off", list.cut_off}};
  document.update(in_json(list.answers));
  return document;
}

}  // namespace aftercommit::operate
