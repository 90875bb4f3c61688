/// Whose the queues are that a worker serves: the databases that hold the rows of their jobs, and the apps.
#pragma once

#include <atomic>
#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/app.hpp"
#include "broker/contract/homes.hpp"
#include "broker/contract/shards.hpp"
#include "worker/roles/reconnect.hpp"

namespace aftercommit::worker {

/// A durable job without a row counts as done.  So a worker whose database is another one than that of the
/// queue's jobs would forget them all; it must find out before, at its start and each time it is to forget
/// one.  Both servers say whose they are, and are asked again and again: either may be another one tomorrow.
/// Thread-safe.
class Home {
 public:
  /// `app` is not owned and outlives this.  `runs_tasks`: false for a worker that only relays.
  Home(App& app, std::vector<Queue> queues, bool runs_tasks);

  /// At the start: enters the app and its databases on both servers, and gives back warnings, as sentences.
  /// Databases that are away are left to check(), and so is the broker for a worker that runs the jobs of a
  /// table meanwhile.  Throws UsageError where a queue belongs to another database, or another app declares
  /// the same task for it; ConfigError where nothing of all this serves.
  std::vector<std::string> enter();

  /// Whether each server of the broker has said, to enter() or check(), whose its queues are.
  bool all_known() const noexcept;
  /// Whether one that has not said it may be asked now.
  bool may_learn() const noexcept;
  /// Whether this one has, after a wait of at most `patience`: before that no job of it may be fetched.
  bool wait_until_known(std::size_t server, std::chrono::milliseconds patience, const std::stop_token& stop);

  /// Asks both servers anew.  Where a database does not answer, what was known of it stands, and why is said
  /// once an outage; of the broker it throws.  Not by two threads at once, nor beside enter().
  void check();

  /// False while a queue is known to belong to another database: no job of it may run, nor be settled as
  /// done.
  bool right() const noexcept { return right_; }
  void wait_until_right(const std::stop_token& stop);  ///< or stop

  /// Asks the broker now whether the jobs of the queue that name the database by the alias of `answer` have
  /// their rows where its token and instance are, from an answer of that database.  Of several shards the one
  /// that `entry`, a hand-over, is of.  False also where it does not say.
  bool vouches_for(const HomeDatabase& answer, const Queue& queue, std::string_view entry);

 private:
  using Findings = std::vector<std::vector<HomeFinding>>;

  /// One server of the broker.  Asked without mutex_: one that is frozen holds up those who ask it alone.
  struct Asked {
    Shard shard;
    std::atomic<bool> known{false};  // it has been told all, and what it said was noted
    Findings said{};                 // last, to ask_all(), which alone uses it
    std::mutex mutex{};              // protects what follows
    std::unique_ptr<Homes> broker{};
  };

  struct Answer {
    Findings found;
    std::vector<Asked*> of;  // who has given it
  };

  Findings ask(Asked& asked, const HomeClaim& claim, const std::vector<Queue>& queues);
  /// What each has said last; throws where none answers now.  `full`: for those that are not known yet.
  Answer ask_all(const HomeClaim& claim, const HomeClaim& full);
  Answer ask_all_at_start(const HomeClaim& full);
  void noted(const Answer& answer);  // with mutex_ held, as the next
  HomeClaim claim(bool with_app) const;
  void read_databases();
  void enter_late();
  void note(const std::vector<Queue>& queues, const Findings& findings);             // with mutex_ held
  std::string other_database(const Queue& queue, const HomeFinding& finding) const;  // or a copy
  std::string other_app(const Queue& queue, const HomeFinding& finding) const;
  std::string adopt_command(const Queue& queue, std::string_view alias) const;

  App& app_;
  const std::vector<Queue> queues_;
  const bool runs_tasks_;
  std::vector<std::unique_ptr<Asked>> asked_;  // constant after construction
  std::vector<std::string> unentered_;  // databases that were away or took no writes when the app was to be
                                        // entered there
  std::map<std::string, SaidOnce, std::less<>> read_troubles_;  // by alias; of check() alone, as the next
  std::map<std::string, SaidOnce, std::less<>> unentered_troubles_;
  std::atomic<bool> right_{true};
  std::mutex mutex_;  // protects what follows
  std::condition_variable_any changed_;
  std::map<std::string, HomeDatabase, std::less<>> databases_;  // as last seen, by alias
  std::string said_wrong_;                                      // in the log
  std::string said_same_;
  int checks_ = 1;  // enter() was one
};

}  // namespace aftercommit::worker
