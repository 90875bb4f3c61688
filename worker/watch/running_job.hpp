/// What others may know of the running attempt, and do to it, from outside.
#pragma once

#include <algorithm>
#include <chrono>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include "aftercommit/database.hpp"
#include "worker/watch/alarm.hpp"
#include "worker/watch/progress.hpp"
#include "worker/watch/running_body.hpp"

namespace aftercommit::detail {
class Session;
}  // namespace aftercommit::detail

namespace aftercommit::worker {

/// Thread-safe.
class RunningJob {
 public:
  /// `slot`: see RunningBody.
  explicit RunningJob(RunningSlot slot = {}) : body{std::make_shared<RunningBody>(slot)} {}

  void begin() noexcept;  ///< of a job: nothing is committed yet
  /// The attempt runs in this block until leave().  `ends`: with its commit the job has taken effect.
  void enter(Atomic& block, bool ends = true) noexcept;
  void leave() noexcept;  ///< before the block is gone

  /// True once the transaction of the job has been committed: it must not be given back any more.
  bool committed() const noexcept;
  void cancel() noexcept;  ///< ends the running statement; may wait for the server
  void sever() noexcept;   ///< cuts the connection, waits for nothing

  Progress progress{};  ///< of the thread that runs it
  const std::shared_ptr<RunningBody> body;
  /// While it lives, the thread that made it waits for this database to begin a job or to commit one: cut off
  /// there it loses nothing that is not found again.
  class Claim {
   public:
    Claim(RunningJob& running, Database& database) : running_{running} { running_.claim(database); }
    ~Claim() { running_.claimed(); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

   private:
    RunningJob& running_;  // not owned, outlives this
  };
  /// Since when it has been asking this database; nothing: it is not.
  std::optional<std::chrono::steady_clock::time_point> claims_since(const Database& database) const noexcept;
  /// Cuts the connection if it is asking this database; waits for nothing.
  void sever_claim(const Database& database) noexcept;

 private:
  void claim(Database& database);
  void claimed() noexcept;

  mutable std::mutex mutex_;  // held while block_ is used, so that it cannot end meanwhile
  Atomic* block_ = nullptr;
  Transaction* transaction_ = nullptr;
  bool committed_ = false;
  bool ends_ = true;
  const Database* claims_in_ = nullptr;  // null: it does not
  detail::Session* claiming_ = nullptr;  // the thread's own, there
  std::chrono::steady_clock::time_point claims_since_{};
};

/// Those of all threads.  Thread-safe.
class RunningJobs {
 public:
  void add(std::shared_ptr<RunningJob> job) {
    {
      const std::lock_guard lock{mutex_};
      all_.push_back(std::move(job));
    }
    alarm_.wake();  // a body may run there by now
  }
  /// Since when the longest claim has been waiting for this database; nothing: none is.
  std::optional<std::chrono::steady_clock::time_point> claims_since(const Database& database) const {
    const std::lock_guard lock{mutex_};
    std::optional<std::chrono::steady_clock::time_point> first;
    for (const auto& job : all_) {
      const auto since = job->claims_since(database);
      if (since) first = std::min(first.value_or(*since), *since);
    }
    return first;
  }
  void sever_claims(const Database& database) {
    const std::lock_guard lock{mutex_};
    for (const auto& job : all_) job->sever_claim(database);
  }

  /// One job's body, wherever it runs: see RunningBody.  False: it does not run here.
  bool ask_to_stop(const JobId& job, const std::exception_ptr& why) const noexcept {
    const std::lock_guard lock{mutex_};
    return std::ranges::any_of(all_,
                               [&](const auto& running) { return running->body->ask_to_stop(job, why); });
  }
  bool cut_short(const JobId& job, const std::exception_ptr& why) noexcept {
    {
      const std::lock_guard lock{mutex_};
      if (std::ranges::none_of(all_, [&](const auto& running) { return running->body->cut_short(job, why); }))
        return false;
    }
    alarm_.wake();
    return true;
  }
  /// Those of the moment.
  std::vector<std::shared_ptr<RunningBody>> bodies() const {
    std::vector<std::shared_ptr<RunningBody>> bodies;
    const std::lock_guard lock{mutex_};
    for (const auto& job : all_) bodies.push_back(job->body);
    return bodies;
  }
  /// Set where the body of one of them falls due.
  Alarm& alarm() noexcept { return alarm_; }

 private:
  mutable std::mutex mutex_;  // protects all_
  std::vector<std::shared_ptr<RunningJob>> all_;
  Alarm alarm_;
};

}  // namespace aftercommit::worker
