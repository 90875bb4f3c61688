#include "operate/dead_list.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "operate/dead_jobs.hpp"

namespace aftercommit::operate {
namespace {

using Fate = DeadJobs::Fate;

void keep_newest(std::size_t limit, DeadList& list) {
  auto& jobs = list.jobs;
  std::ranges::stable_sort(jobs, std::ranges::greater{}, &DeadJob::died_at);
  if (jobs.size() <= limit) return;
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(limit), jobs.end());
  list.more = true;
}

std::optional<DeadJob> find_in_redis(DeadJobs& dead_jobs, const std::string& id) {
  std::optional<DeadJob> found;
  for (const auto& source : dead_jobs.redis({})) {
    dead_jobs.visit(source, [&](const DeadJob& dead) {
      if (dead.id != id) return Fate::kStays;
      found = dead;
      return Fate::kStop;
    });
    if (found) break;
  }
  return found;
}

}  // namespace

DeadList newest_dead(Servers& servers, const DeadFilter& filter, std::size_t limit) {
  DeadJobs dead_jobs{servers};
  DeadList list;
  const auto look = [&](const DeadSource& source) {
    std::size_t of_source = 0;
    dead_jobs.visit(source, [&](const DeadJob& dead) {
      if (!filter.task.empty() && dead.task() != filter.task) return Fate::kStays;
      list.jobs.push_back(dead);
      return ++of_source > limit ? Fate::kStop : Fate::kStays;  // one more: is there any?
    });
    keep_newest(limit, list);
  };
  list.answers = servers.look_at_each(
      [&](const Store& store) {
        look({&store, filter.queue});
      },
      [&](Browsing&) {
        for (const auto& source : dead_jobs.redis(filter.queue)) look(source);
      });
  keep_newest(limit, list);  // what an outage has left in the middle
  return list;
}

Json in_json(const DeadList& list) {
  Json jobs = Json::array();
  for (const auto& dead : list.jobs) jobs.push_back(in_json(dead));
  Json document{{"dead", std::move(jobs)}, {"more", list.more}};
  document.update(in_json(list.answers));
  return document;
}

DeadLookup find_dead(Servers& servers, const std::string& id) {
  DeadJobs dead_jobs{servers};
  DeadLookup lookup;
  lookup.answers = servers.look_at_each(
      [&](const Store& store) {
        if (!lookup.job) lookup.job = DeadJobs::find_durable(store, id);
      },
      [&](Browsing&) {
        if (!lookup.job) lookup.job = find_in_redis(dead_jobs, id);
      });
  return lookup;
}

}  // namespace aftercommit::operate
