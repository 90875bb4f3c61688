/// The role that asks for the jobs of periodic tasks.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

#include "aftercommit/app.hpp"
#include "client/periodic/periodic_jobs.hpp"
#include "client/periodic/periodic_table.hpp"
#include "worker/home/home.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// On every worker of an app that declares some, for one database: whichever comes first makes the job of a
/// tick, and moves the tick on in the same transaction.  So there is one job a tick, and a worker that dies
/// at it leaves all of it or nothing; the next looks again.
class Ticker {
 public:
  /// `app`, `database` and `home` are not owned and outlive this.
  Ticker(App& app, Database& database, Home& home);

  RoleThread& thread() noexcept { return thread_; }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Outcome : std::uint8_t {
    kDone,
    kElsewhere,  ///< somebody else is at it
    kRefused,    ///< its job cannot be asked for, and this has been told
  };

  std::chrono::milliseconds look(const std::stop_token& stop);
  void prepare();
  void declare();
  Outcome make_jobs_or_tell(const detail::DeclaredPeriodic& periodic);
  bool make_jobs(const detail::DeclaredPeriodic& periodic);
  void tell(const detail::DeclaredPeriodic& periodic, Schedule::Time first, Schedule::Time now,
            std::size_t jobs) const;

  App& app_;  // used by thread_ alone, as is what follows
  Database& database_;
  Home& home_;
  const detail::PeriodicTable table_;
  std::string app_name_;  // as kept; empty: not prepared yet, as the next two
  std::vector<detail::DeclaredPeriodic> periodic_;
  std::vector<detail::PeriodicDeclaration> declarations_;
  bool declared_ = false;
  Clock::time_point declare_at_{};
  std::set<std::string> refused_;  // by name, as told
  RoleThread thread_;              // last
};

/// Sentences for periodic tasks that the tables have of this app and its code has not: at a start.  Those of
/// a database that does not answer are left out.
std::vector<std::string> undeclared_periodic(App& app);

}  // namespace aftercommit::worker
