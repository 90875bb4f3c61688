/// What a worker knows of limits without asking for it, and the news of them that its threads have.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <stop_token>
#include <string>
#include <utility>

#include "aftercommit/app.hpp"
#include "broker/contract/names.hpp"
#include "worker/limits/job_limits.hpp"

namespace aftercommit::worker {

/// A database decides whether a job has a place; what is known here spares the question for those of many
/// jobs that would hear no.  It may be wrong for a moment, in either way: a job that was put aside in vain is
/// brought back by the next look at its line.  Thread-safe.
class LimitBook {
 public:
  /// `app` is not owned and outlives this.
  explicit LimitBook(App& app);

  /// Whether the app has any; all else is for those that have.
  bool any() const noexcept { return rules_.any(); }
  /// Of a job whose task is known; none for one that is dead and waits for its hook alone.
  JobLimits of(const Envelope& job, const detail::TaskEntry& task, const Database* database) const;

  /// The first of them that keeps the job from running, as far as is known; null: none.  A job that has
  /// waited was brought back to ask, and is not kept but by a limit of 0.
  const JobLimits::One* full(const JobLimits& limits, const Envelope& job) const;

  /// A database had no place, or no time to come at, for this one.
  void refused(const JobLimits::One& limit);
  /// A job is put aside in this line.
  void stands_in(const Queue& queue, const std::string& line);
  /// A job of this queue has had these, and needs them no more, or has come to ask for them in vain.
  void freed(const Queue& queue, std::span<const JobLimits::One> places);

  /// Whether the tables of this database are new enough for limits; asks until they are, and says in the log
  /// once that they are not.  Throws what Database does.
  bool tables_are_in(Database& database);

  // --- For who brings jobs back.

  using Lines = std::set<std::pair<Queue, std::string>>;
  struct News {
    std::map<std::pair<Queue, std::string>, std::size_t>
        freed;     ///< how many places, by the line of who had them
    Lines joined;  ///< lines that have got more
  };
  /// What came since the last call; waits for the first up to `longest`, or stop.
  News wait_for_news(std::chrono::milliseconds longest, const std::stop_token& stop);

  void has_waiting(const std::string& line);  ///< also after what could be let in was
  void is_empty(const std::string& line_or_place);
  /// A database has just said that it is not 0; `all_lines`: how the reasons of all its lines begin, as in
  /// the next.
  void has_room(const std::string& all_lines);
  /// How the reasons of all lines begin of limits that are 0.
  void set_zero(std::set<std::string> all_lines);

 private:
  using Clock = std::chrono::steady_clock;

  void note_full(const std::string& line_or_place);  // with mutex_ held

  const detail::LimitRules& rules_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any news_come_;
  std::map<std::string, Clock::time_point, std::less<>> full_until_;  // lines and places
  Clock::time_point clean_at_{};                                      // of that
  std::set<std::string, std::less<>> zero_;
  News news_;
  std::set<const Database*> ready_;  // have the tables
  std::set<const Database*> lack_;   // as logged
};

}  // namespace aftercommit::worker
