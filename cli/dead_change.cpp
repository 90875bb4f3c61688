/// `aftercommit dead retry` and `dead delete`: what a person decides about dead jobs.
#include <algorithm>
#include <functional>
#include <iostream>
#include <set>

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

  /// Both are not owned and outlive this.
  Change(const Options& options, DeadJobs& dead_jobs, Act act)
      : options_{options}, dead_jobs_{dead_jobs}, act_{std::move(act)} {}

  void run() {
    if (options_.ids.empty()) {
      visit_all(dead_jobs_.tables(options_.queue));
      visit_redis(options_.queue);
      return;
    }
    wanted_.insert(options_.ids.begin(), options_.ids.end());
    for (const auto& id : options_.ids) {
      const auto dead = wanted_.contains(id) ? dead_jobs_.find_durable(id) : std::nullopt;
      if (!dead) continue;
      apply(*dead);
      wanted_.erase(id);
    }
    missing_ = wanted_;
    if (!wanted_.empty()) visit_redis({});
  }

  std::size_t changed() const { return changed_; }

  /// Says what was asked for and not done; the exit code.
  int report() const {
    for (std::size_t i = 0; i < std::min(obstacles_.size(), kNamed); ++i) complain(obstacles_[i]);
    if (obstacles_.size() > kNamed) {
      complain("and " + std::to_string(obstacles_.size() - kNamed) + " more dead jobs stay as they are");
    }
    if (!outage_.empty()) {
      complain("the dead jobs in Redis were not looked at: " + outage_);
      return kExitServers;
    }
    for (const auto& id : missing_) complain("no dead job has the id " + id);
    return obstacles_.empty() && missing_.empty() ? kExitDone : kExitFound;
  }

 private:
  static void complain(const std::string& sentence) { std::cerr << "aftercommit: " << sentence << '\n'; }

  /// Redis may be away: then what the job tables keep is still done.
  void visit_redis(const Queue& queue) {
    try {
      visit_all(dead_jobs_.redis(queue));
    } catch (const BrokerUnavailable& error) {
      outage_ = error.what();
    }
  }

  void visit_all(const std::vector<DeadSource>& sources) {
    for (const auto& source : sources) {
      dead_jobs_.visit(source, [&](const DeadJob& dead) {
        if (!is_meant(dead)) return Fate::kStays;
        missing_.erase(dead.id);
        return apply(dead);
      });
    }
  }

  bool is_meant(const DeadJob& dead) const {
    if (!wanted_.empty()) return wanted_.contains(dead.id);
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

  const Options& options_;  // not owned, outlives this, as is dead_jobs_
  DeadJobs& dead_jobs_;
  const Act act_;
  std::set<std::string> wanted_;   // ids to look for in Redis
  std::set<std::string> missing_;  // those of them not met yet
  std::size_t changed_ = 0;
  std::vector<std::string> obstacles_;
  std::string outage_;
};

}  // namespace

int retry_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  Change change{options, dead_jobs, [&](const DeadJob& dead) { return dead_jobs.retry(dead); }};
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
  Change change{options, dead_jobs, [&](const DeadJob& dead) {
                  if (!dead_jobs.remove(dead)) ++gone;
                  return std::string{};
                }};
  change.run();
  std::cout << "deleted " << count_of(change.changed() - gone, "dead job") << '\n';
  std::cout.flush();
  return change.report();
}

}  // namespace aftercommit::cli
