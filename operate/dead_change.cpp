#include "operate/dead_change.hpp"

#include <functional>
#include <utility>

#include "operate/dead_jobs.hpp"

namespace aftercommit::operate {
namespace {

using Fate = DeadJobs::Fate;

/// Does one thing to each dead job that is meant.
class Change {
 public:
  /// Answers why a job stays, or empty when it is gone from the dead ones.
  using Act = std::function<std::string(const DeadJob& dead)>;

  /// All three are not owned and outlive this.
  Change(const DeadSelection& selection, Servers& servers, DeadJobs& dead_jobs, Act act)
      : selection_{selection}, servers_{servers}, dead_jobs_{dead_jobs}, act_{std::move(act)} {
    wanted_.insert(selection_.ids.begin(), selection_.ids.end());
    done_.missing = wanted_;
  }

  DeadChange run() {
    const auto& queue = selection_.filter.queue;
    done_.answers = servers_.look_at_each(
        [&](const Store& store) {
          selection_.names_ids() ? look_for_ids(store) : visit({&store, queue});
        },
        [&](Browsing&) {
          if (selection_.names_ids() && wanted_.empty()) return;
          for (const auto& source : dead_jobs_.redis(queue)) visit(source);
        });
    done_.all_seen = done_.answers.from_all() || (selection_.names_ids() && done_.missing.empty());
    done_.left_to_relay = dead_jobs_.left_to_relay();
    done_.outage = dead_jobs_.outage();
    return std::move(done_);
  }

 private:
  void look_for_ids(const Store& store) {
    const auto ids = wanted_;
    for (const auto& id : ids) {
      const auto dead = DeadJobs::find_durable(store, id);
      if (!dead) continue;
      apply(*dead);
      wanted_.erase(id);
      done_.missing.erase(id);
    }
  }

  void visit(const DeadSource& source) {
    dead_jobs_.visit(source, [&](const DeadJob& dead) {
      if (!is_meant(dead)) return Fate::kStays;
      const auto fate = apply(dead);
      done_.missing.erase(dead.id);
      return fate;
    });
  }

  bool is_meant(const DeadJob& dead) const {
    if (selection_.names_ids()) return wanted_.contains(dead.id);
    return selection_.filter.task.empty() || dead.task() == selection_.filter.task;
  }

  Fate apply(const DeadJob& dead) {
    auto obstacle = act_(dead);
    if (obstacle.empty()) {
      ++done_.changed;
      return Fate::kGone;
    }
    done_.stay.push_back({.id = dead.id, .queue = dead.queue, .obstacle = std::move(obstacle)});
    return Fate::kStays;
  }

  const DeadSelection& selection_;  // not owned, outlives this, as do servers_ and dead_jobs_
  Servers& servers_;
  DeadJobs& dead_jobs_;
  const Act act_;
  std::set<std::string> wanted_;  // ids that no job table has
  DeadChange done_;
};

}  // namespace

DeadChange retry_dead(Servers& servers, const DeadSelection& selection) {
  DeadJobs dead_jobs{servers};
  return Change{selection, servers, dead_jobs, [&](const DeadJob& dead) { return dead_jobs.retry(dead); }}
      .run();
}

DeadChange delete_dead(Servers& servers, const DeadSelection& selection) {
  DeadJobs dead_jobs{servers};
  std::size_t gone = 0;  // before us
  Change change{selection, servers, dead_jobs, [&](const DeadJob& dead) {
                  if (!dead_jobs.remove(dead)) ++gone;
                  return std::string{};
                }};
  auto done = change.run();
  done.changed -= gone;
  return done;
}

}  // namespace aftercommit::operate
