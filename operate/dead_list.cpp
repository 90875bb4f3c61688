#include "operate/dead_list.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/epoch_ms.hpp"
#include "base/text/text.hpp"
#include "operate/dead_jobs.hpp"
#include "operate/letters.hpp"

namespace aftercommit::operate {
namespace {

using Fate = DeadJobs::Fate;

constexpr std::size_t kLettersOfAList = 100;  // of 1 MiB each at worst, in one statement

/// Puts the jobs of several places in their order.
class DeadListing {
 public:
  DeadListing(Servers& servers, const DeadFilter& filter, std::size_t limit, const std::string& after,
              const LookBounds& bounds)
      : servers_{servers}, dead_jobs_{servers}, filter_{filter}, limit_{limit}, bounds_{bounds} {
    if (!after.empty()) after_ = DeathPlace::parse(after);
  }

  DeadList run() {
    list_.answers = servers_.look_at_each(
        [&](const Store& store) { read_table(store); },
        [&](Browsing& redis) {
          const auto queues = filter_.queue.empty() ? queues_of(redis, bounds_) : std::vector{filter_.queue};
          const auto share = std::max(bounds_.rows / std::max<std::size_t>(queues.size(), 1), limit_ + 1);
          for (const auto& queue : queues) read_redis(queue, std::min(share, bounds_.rows));
        });
    finish();
    return std::move(list_);
  }

 private:
  void read_table(const Store& store) {
    auto after = after_;
    std::size_t found = 0, looked_at = 0;
    while (found <= limit_) {  // one more: is there any?
      if (looked_at >= bounds_.rows) return cut(after);
      const auto wanted = limit_ + 1 - found;
      const auto slice = find_letters(store,
                                      {.filter = filter_,
                                       .look_at = filter_.has_text() ? kLookAt : wanted,
                                       .most = std::min(wanted, kLettersOfAList),
                                       .longest = bounds_.statement},
                                      after);
      looked_at += slice.looked_at;
      list_.looked_at += slice.looked_at;
      for (const auto& dead : slice.dead) {
        if (!matches_text(filter_, dead)) continue;
        list_.jobs.push_back(dead);
        ++found;
      }
      if (!slice.next) return;
      after = slice.next;
    }
  }

  /// Redis orders the letters of one millisecond in its own way: so all of them are read.
  void read_redis(const Queue& queue, std::size_t most) {
    std::size_t found = 0, looked_at = 0;
    std::optional<DeathPlace> last;
    dead_jobs_.visit_redis(queue, begin_in_redis(), [&](const DeadJob& dead) {
      const auto place = place_of(dead);
      if (last && place.died_at < last->died_at) {
        if (found > limit_) return Fate::kStop;
        if (looked_at >= most) {
          cut(last);
          return Fate::kStop;
        }
        if (filter_.since && place.died_at < *filter_.since) return Fate::kStop;
      }
      ++looked_at;
      ++list_.looked_at;
      last = DeathPlace{.died_at = place.died_at};  // behind all of that millisecond
      if (after_ && !after_->is_newer_than(place)) return Fate::kStays;
      if (!filter_.matches_time(dead.died_at) || !matches_text(filter_, dead)) return Fate::kStays;
      list_.jobs.push_back(dead);
      ++found;
      return Fate::kStays;
    });
  }

  /// Nothing: at the newest.
  std::optional<JobFilter::Time> begin_in_redis() const {
    if (after_ && filter_.before) return std::min(after_->died_at, *filter_.before);
    if (after_) return after_->died_at;
    return filter_.before;
  }

  /// One place has been looked at down to here, and no farther: so the list ends there.
  void cut(const std::optional<DeathPlace>& place) {
    if (place && (!end_ || place->is_newer_than(*end_))) end_ = place;
    cut_ = true;
  }

  void finish() {
    auto& jobs = list_.jobs;
    std::ranges::sort(jobs, [](const DeadJob& one, const DeadJob& other) {
      return place_of(one).is_newer_than(place_of(other));
    });
    if (end_) std::erase_if(jobs, [&](const DeadJob& dead) { return end_->is_newer_than(place_of(dead)); });
    if (jobs.size() > limit_) {
      jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(limit_), jobs.end());
      list_.next = jobs.empty() ? std::string{} : place_of(jobs.back()).str();
    } else if (cut_) {
      list_.cut_off = true;
      list_.next =
          end_ ? DeathPlace{end_->died_at, end_->id.empty() ? kFirstId : end_->id}.str() : std::string{};
    }
    list_.more = !list_.next.empty();
  }

  static constexpr std::size_t kLookAt = 500;  // letters of one statement
  static constexpr const char* kFirstId = "00000000-0000-0000-0000-000000000000";

  Servers& servers_;  // not owned, outlives this, as filter_
  DeadJobs dead_jobs_;
  const DeadFilter& filter_;
  const std::size_t limit_;
  const LookBounds bounds_;
  std::optional<DeathPlace> after_;
  std::optional<DeathPlace> end_;  // the newest place at which one had to stop
  bool cut_ = false;
  DeadList list_;
};

void search_in_redis(Servers& servers, Browsing& redis, const std::string& id, const LookBounds& bounds,
                     const JobHint& hint, DeadSearch& search) {
  const auto from =
      hint.after.empty() ? std::nullopt : std::optional<LetterPlace>{LetterPlace::parse(hint.after)};
  DeadJobs dead_jobs{servers};
  auto left = bounds.rows;
  for (const auto& queue : hint.queue.empty() ? queues_of(redis, bounds) : std::vector{hint.queue}) {
    if (from && queue < from->queue) continue;
    const auto until = from && queue == from->queue ? from->until : hint.died_at;
    auto next = until;  // where nothing is left to look at
    if (left > 0) {
      search.found.job = dead_jobs.find_in_redis(queue, id, until, left, next);
      if (search.found.job) return;
      if (!next) continue;
    }
    search.next = LetterPlace{.queue = queue, .until = next}.str();
    return;
  }
}

}  // namespace

DeadList newest_dead(Servers& servers, const DeadFilter& filter, std::size_t limit, const std::string& after,
                     const LookBounds& bounds) {
  return DeadListing{servers, filter, limit, after, bounds}.run();
}

Json in_json(const DeadList& list) {
  Json jobs = Json::array();
  for (const auto& dead : list.jobs) jobs.push_back(in_json(dead));
  Json document{{"dead", std::move(jobs)},
                {"more", list.more},
                {"next", or_null(list.next)},
                {"looked_at", list.looked_at},
                {"cut_off", list.cut_off}};
  document.update(in_json(list.answers));
  return document;
}

std::string LetterPlace::str() const {
  if (!until) return queue + ':';
  return queue + ':' +
         std::to_string(std::chrono::floor<std::chrono::milliseconds>(until->time_since_epoch()).count());
}

LetterPlace LetterPlace::parse(std::string_view text) {
  const auto colon = std::min(text.find(':'), text.size());
  const auto digits = text.substr(std::min(colon + 1, text.size()));
  LetterPlace place{.queue = std::string{text.substr(0, colon)}};
  std::int64_t ms = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), ms);
  const bool right = error == std::errc{} && end == digits.data() + digits.size() && ms <= kLongestMs;
  if (!valid_name(place.queue) || colon == text.size() || (!digits.empty() && !right)) {
    throw UsageError{"'" + in_one_line(text, 100) +
                     "' is no place among dead jobs to go on from: give `next` of the look before"};
  }
  if (!digits.empty()) place.until = from_epoch_ms(ms);
  return place;
}

DeadLookup find_dead(Servers& servers, const std::string& id) {
  return search_dead(servers, id, {.rows = std::numeric_limits<std::size_t>::max()}).found;
}

DeadSearch search_dead(Servers& servers, const std::string& id, const LookBounds& bounds,
                       const JobHint& hint) {
  DeadSearch search;
  auto& lookup = search.found;
  lookup.answers = servers.look_at_each(
      [&](const Store& store) {
        if (!lookup.job) lookup.job = DeadJobs::find_durable(store, id);
      },
      [&](Browsing& redis) {
        if (!lookup.job) search_in_redis(servers, redis, id, bounds, hint, search);
      });
  return search;
}

}  // namespace aftercommit::operate
