/// Whether a database serves: found out by one question on a thread of its own, not by every job.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>

#include "aftercommit/app.hpp"
#include "worker/events/events.hpp"
#include "worker/roles/role_thread.hpp"
#include "worker/watch/running_job.hpp"

namespace aftercommit::worker {

/// Of one database.  Thread-safe.  It is taken to serve until a job could not be claimed there, or has waited
/// for that noticeably long: then it is asked, and its jobs stand aside meanwhile.  Without an answer it is
/// away: nothing connects to it any more, whoever waits to claim a job there is cut off, and it is asked
/// again in growing steps, of which the log speaks once an outage.
class DatabaseWatch {
 public:
  /// `changed` is called, on any thread, when it begins to serve again or not to.  `prepare`: null, or of a
  /// database that was away at the start: it is taken for away until it has answered and this does not throw.
  /// None is owned; all outlive this.
  DatabaseWatch(Database& database, RunningJobs& running, const Events& events, std::function<void()> changed,
                std::function<void()> prepare = nullptr);

  ~DatabaseWatch();
  DatabaseWatch(const DatabaseWatch&) = delete;
  DatabaseWatch& operator=(const DatabaseWatch&) = delete;

  /// False while it is away, or is being asked: its jobs are put aside.
  bool serves() const noexcept { return serves_; }

  /// A job could not be claimed, or has lost its connection.  False if the database has answered just now:
  /// the trouble is that of this job or session alone.
  bool failed(const std::string& error);
  /// Has it asked, whatever is known of it; answered() tells.
  void ask();
  /// True once for each time that it has begun to serve again, or has answered who asked.
  bool answered();

 private:
  using Clock = std::chrono::steady_clock;

  void look(const std::stop_token& stop);
  bool wait_until_to_ask(const std::stop_token& stop);
  void look_at_claims();  // with mutex_ held, as the next three
  void doubt(const std::string& error);
  void go_away(const std::string& error);
  void serve_again();
  std::chrono::milliseconds pause();
  std::string question(const std::stop_token& stop);
  std::string prepare();
  std::string put_question(const std::stop_token& stop);

  Database& database_;
  RunningJobs& running_;
  const Events& events_;
  const std::function<void()> changed_;
  std::function<void()> prepare_;  // null: nothing is left to do.  Used by thread_ alone, as the next
  SaidOnce preparing_{"a database that was away at the start cannot be set up; trying again"};
  std::atomic<bool> serves_{true};
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any wake_;
  bool away_ = false;      // and that was said
  ToldReasons reasons_{};  // why, in the log
  bool asked_ = false;     // a question is to be put
  bool answered_ = false;  // since answered() was asked
  int failures_ = 0;       // questions in a row without an answer
  Clock::time_point since_{};
  Clock::time_point served_at_{};  // when it last answered
  std::chrono::milliseconds bearable_{kShortestWait};
  static constexpr std::chrono::milliseconds kShortestWait{300};  // of a claim, before it is noticed
  RoleThread thread_;                                             // last
};

/// What is still to be done for databases that were away at the start, once each answers: it throws until it
/// is done.  By database, not owned.
using Preparations = std::map<const Database*, std::function<void()>>;

/// Of all databases of an app.
class DatabaseWatches {
 public:
  DatabaseWatches(App& app, RunningJobs& running, const Events& events, Preparations preparations,
                  const std::function<void()>& changed);

  DatabaseWatch& of(const Database& database) const { return *all_.at(&database); }
  bool all_serve() const noexcept;

 private:
  std::map<const Database*, std::unique_ptr<DatabaseWatch>> all_;  // constant after construction
};

}  // namespace aftercommit::worker
