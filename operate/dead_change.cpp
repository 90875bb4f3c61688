#include "operate/dead_change.hpp"

#include <algorithm>
#include <functional>
#include <span>
#include <utility>

#include "operate/dead_jobs.hpp"
#include "operate/letters.hpp"

namespace aftercommit::operate {
namespace {

using Fate = DeadJobs::Fate;

/// What is done to dead jobs.
struct Act {
  /// To one; why it stays, or empty when it is gone from the dead ones.
  std::function<std::string(const DeadJob& dead)> one;
  /// To many of one job table; the same of each.
  std::function<std::vector<std::string>(const Store& store, std::span<const DeadJob> dead)> many;
  bool needs_letters = true;
};

/// Does one thing to each dead job that is meant.
class Change {
 public:
  /// All of them are not owned and outlive this.
  Change(const DeadSelection& selection, const ChangeOptions& options, Servers& servers, DeadJobs& dead_jobs,
         const Act& act)
      : selection_{selection}, options_{options}, servers_{servers}, dead_jobs_{dead_jobs}, act_{act} {
    wanted_.insert(selection_.ids.begin(), selection_.ids.end());
    done_.missing = wanted_;
    done_.rehearsed = options_.rehearse;
  }

  DeadChange run() {
    const auto& queue = selection_.filter.queue;
    done_.answers = servers_.look_at_each(
        [&](const Store& store) { selection_.names_ids() ? look_for_ids(store) : change_table(store); },
        [&](Browsing&) {
          if (selection_.names_ids() && wanted_.empty()) return;
          const bool all_known = queue.empty() && options_.queues;
          for (const auto& one : all_known ? *options_.queues : dead_jobs_.redis(queue)) {
            if (!goes_on()) return;
            visit(one);
          }
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
      if (!goes_on()) return;
      const auto dead = DeadJobs::find_durable(store, id);
      if (!dead) continue;
      apply(*dead);
      wanted_.erase(id);
      done_.missing.erase(id);
    }
  }

  void change_table(const Store& store) {
    const auto& filter = selection_.filter;
    const bool without_letters = !act_.needs_letters && !filter.has_text();
    std::optional<DeathPlace> after;
    while (goes_on()) {
      auto slice = find_letters(store,
                                {.filter = filter,
                                 .look_at = without_letters ? kIdsAtOnce : kLettersLookedAt,
                                 .most = without_letters ? kIdsAtOnce : kLettersAtOnce,
                                 .without_letters = without_letters,
                                 .longest = kPatience},
                                after);
      if (filter.has_text())
        std::erase_if(slice.dead, [&](const DeadJob& dead) { return !matches_text(filter, dead); });
      looked_at_ += slice.looked_at;
      apply_all(store, slice.dead);
      tell();
      if (!slice.next) return;
      after = slice.next;
    }
  }

  void visit(const Queue& queue) {
    const auto& filter = selection_.filter;
    dead_jobs_.visit_redis(queue, filter.before, [&](const DeadJob& dead) {
      if (++looked_at_ % kLettersAtOnce == 0) {
        tell();
        if (!goes_on()) return Fate::kStop;
      }
      if (!selection_.names_ids() && filter.since && dead.died_at < *filter.since) return Fate::kStop;
      if (!is_meant(dead)) return Fate::kStays;
      const auto fate = apply(dead);
      done_.missing.erase(dead.id);
      return fate;
    });
  }

  bool is_meant(const DeadJob& dead) const {
    if (selection_.names_ids()) return wanted_.contains(dead.id);
    return selection_.filter.matches_time(dead.died_at) && matches_text(selection_.filter, dead);
  }

  Fate apply(const DeadJob& dead) {
    auto obstacle = options_.rehearse ? rehearsed(dead) : act_.one(dead);
    if (!obstacle.empty()) {
      stays(dead, std::move(obstacle));
      return Fate::kStays;
    }
    ++done_.changed;
    return options_.rehearse ? Fate::kStays : Fate::kGone;
  }

  void apply_all(const Store& store, std::span<const DeadJob> dead) {
    if (dead.empty()) return;
    std::vector<std::string> obstacles;
    if (options_.rehearse) {
      for (const auto& one : dead) obstacles.push_back(rehearsed(one));
    } else {
      obstacles = act_.many(store, dead);
    }
    for (std::size_t i = 0; i < dead.size(); ++i) {
      if (obstacles[i].empty()) {
        ++done_.changed;
      } else {
        stays(dead[i], std::move(obstacles[i]));
      }
    }
  }

  std::string rehearsed(const DeadJob& dead) const {
    return act_.needs_letters ? dead.obstacle() : std::string{};
  }

  void stays(const DeadJob& dead, std::string obstacle) {
    if (++done_.stays > DeadChange::kNamed) return;
    done_.stay.push_back({.id = dead.id, .queue = dead.queue, .obstacle = std::move(obstacle)});
  }

  bool goes_on() {
    done_.interrupted = done_.interrupted || (options_.goes_on && !options_.goes_on());
    return !done_.interrupted;
  }
  void tell() const {
    if (options_.progress) options_.progress({.looked_at = looked_at_, .changed = done_.changed});
  }

  static constexpr std::size_t kIdsAtOnce = 2000;       // of one statement, and then of one transaction
  static constexpr std::size_t kLettersLookedAt = 500;  // the same, where a text is looked for in them
  static constexpr std::size_t kLettersAtOnce = 100;    // of 1 MiB each at worst
  static constexpr std::chrono::seconds kPatience{30};  // for a statement: it has to get through

  const DeadSelection& selection_;  // not owned, outlives this, as the next four
  const ChangeOptions& options_;
  Servers& servers_;
  DeadJobs& dead_jobs_;
  const Act& act_;
  std::set<std::string> wanted_;  // ids that no job table has
  std::size_t looked_at_ = 0;
  DeadChange done_;
};

}  // namespace

DeadChange retry_dead(Servers& servers, const DeadSelection& selection, const ChangeOptions& options) {
  DeadJobs dead_jobs{servers};
  const Act act{.one = [&](const DeadJob& dead) { return dead_jobs.retry(dead); },
                .many = [&](const Store& store,
                            std::span<const DeadJob> dead) { return dead_jobs.retry_all(store, dead); }};
  return Change{selection, options, servers, dead_jobs, act}.run();
}

DeadChange delete_dead(Servers& servers, const DeadSelection& selection, const ChangeOptions& options) {
  DeadJobs dead_jobs{servers};
  std::size_t gone = 0;  // before us
  const Act act{.one =
                    [&](const DeadJob& dead) {
                      if (!dead_jobs.remove(dead)) ++gone;
                      return std::string{};
                    },
                .many =
                    [&](const Store& store, std::span<const DeadJob> dead) {
                      gone += dead.size() - DeadJobs::remove_all(store, dead);
                      return std::vector<std::string>(dead.size());
                    },
                .needs_letters = false};
  auto done = Change{selection, options, servers, dead_jobs, act}.run();
  done.changed -= gone;
  return done;
}

Json in_json(const DeadChange& change) {
  Json stay = Json::array();
  for (const auto& one : change.stay)
    stay.push_back({{"id", one.id}, {"queue", one.queue}, {"obstacle", one.obstacle}});
  Json document{{"changed", change.changed},
                {"stays", change.stays},
                {"stay", std::move(stay)},
                {"missing", change.missing},
                {"all_seen", change.all_seen},
                {"interrupted", change.interrupted},
                {"left_to_relay", change.left_to_relay}};
  document.update(in_json(change.answers));
  return document;
}

}  // namespace aftercommit::operate
