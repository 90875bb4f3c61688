/// `aftercommit dead retry` and `dead delete`: what a person decides about dead jobs.
#include <algorithm>
#include <functional>
#include <iostream>
#include <set>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/dead_jobs.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using Fate = DeadJobs::Fate;

constexpr std::size_t kNamed = 20;

/// Does one thing to each dead job that is meant.
class Change {
 public:
  /// Answers why a job stays, or empty when it is gone from the dead ones.
  using Act = std::function<std::string(const DeadJob& dead)>;

  /// All three are not owned and outlive this.
  Change(const Options& options, Servers& servers, DeadJobs& dead_jobs, Act act)
      : options_{options}, servers_{servers}, dead_jobs_{dead_jobs}, act_{std::move(act)} {
    wanted_.insert(options_.ids.begin(), options_.ids.end());
    missing_ = wanted_;
  }

  /// A server may be away: then what the others keep is still done.
  void run() {
    outages_ = servers_.look_at_each(
        [&](const Store& store) {
          names_ids() ? look_for_ids(store) : visit({&store, options_.queue});
        },
        [&](Broker&) {
          if (names_ids() && wanted_.empty()) return;
          for (const auto& source : dead_jobs_.redis(options_.queue)) visit(source);
        });
  }

  std::size_t changed() const { return changed_; }

  /// Says what was asked for and not done; the exit code.
  int report() const {
    for (std::size_t i = 0; i < std::min(obstacles_.size(), kNamed); ++i) complain(obstacles_[i]);
    if (obstacles_.size() > kNamed) {
      complain("and " + std::to_string(obstacles_.size() - kNamed) + " more dead jobs stay as they are");
    }
    const bool all_seen = outages_.empty() || (names_ids() && missing_.empty());
    for (const auto& id : missing_) {
      complain((all_seen ? "no dead job has the id " : "no dead job that could be looked at has the id ") +
               id);
    }
    if (!all_seen) {
      tell_outages(outages_, "the dead jobs in ", " were not looked at");
      return kExitServers;
    }
    return obstacles_.empty() && missing_.empty() ? kExitDone : kExitFound;
  }

 private:
  static void complain(const std::string& sentence) { std::cerr << "aftercommit: " << sentence << '\n'; }

  bool names_ids() const { return !options_.ids.empty(); }

  void look_for_ids(const Store& store) {
    const auto ids = wanted_;
    for (const auto& id : ids) {
      const auto dead = DeadJobs::find_durable(store, id);
      if (!dead) continue;
      apply(*dead);
      wanted_.erase(id);
      missing_.erase(id);
    }
  }

  void visit(const DeadSource& source) {
    dead_jobs_.visit(source, [&](const DeadJob& dead) {
      if (!is_meant(dead)) return Fate::kStays;
      const auto fate = apply(dead);
      missing_.erase(dead.id);
      return fate;
    });
  }

  bool is_meant(const DeadJob& dead) const {
    if (names_ids()) return wanted_.contains(dead.id);
    return options_.all || dead.task() == options_.task;
  }

  Fate apply(const DeadJob& dead) {
    const auto obstacle = act_(dead);
    if (obstacle.empty()) {
      ++changed_;
      return Fate::kGone;
    }
    obstacles_.push_back("dead job " + dead.id + " of queue " + one_line(dead.queue, 64) +
                         " stays: " + one_line(obstacle, 1000));
    return Fate::kStays;
  }

  const Options& options_;  // not owned, outlives this, as do servers_ and dead_jobs_
  Servers& servers_;
  DeadJobs& dead_jobs_;
  const Act act_;
  std::set<std::string> wanted_;   // ids that no job table has
  std::set<std::string> missing_;  // ids not met yet
  std::size_t changed_ = 0;
  std::vector<std::string> obstacles_;
  std::vector<Outage> outages_;
};

}  // namespace

int retry_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  Change change{options, servers, dead_jobs, [&](const DeadJob& dead) { return dead_jobs.retry(dead); }};
  change.run();
  std::cout << "retried " << count_of(change.changed(), "job") << '\n';
  if (dead_jobs.left_to_relay() > 0) {
    const auto& outage = dead_jobs.outage();
    std::cout << dead_jobs.left_to_relay() << " of them stand in the job table only, because Redis "
              << (outage.empty() ? "has still to hear how they ended before" : "did not take them")
              << "; a worker's relay brings them" << (outage.empty() ? "" : ": " + one_line(outage, 500))
              << '\n';
  }
  std::cout.flush();
  return change.report();
}

int delete_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  std::size_t gone = 0;  // before us
  Change change{options, servers, dead_jobs, [&](const DeadJob& dead) {
                  if (!dead_jobs.remove(dead)) ++gone;
                  return std::string{};
                }};
  change.run();
  std::cout << "deleted " << count_of(change.changed() - gone, "dead job") << '\n';
  std::cout.flush();
  return change.report();
}

}  // namespace aftercommit::cli
