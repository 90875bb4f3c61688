#include "testkit/ticks.hpp"

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <vector>

#include "client/app/app_core.hpp"
#include "client/periodic/due_ticks.hpp"
#include "client/periodic/periodic_jobs.hpp"

namespace aftercommit::testing {

Schedule::Time Ticks::now() const {
  return std::chrono::floor<std::chrono::seconds>(app_.core().clock().now());
}

void Ticks::start() {
  next_.clear();
  for (const auto& [name, periodic] : app_.core().periodic()) next_[name] = periodic.schedule.next(now());
}

void Ticks::ask() {
  const auto now = this->now();
  for (const auto& [name, periodic] : app_.core().periodic()) {
    auto& next =
        next_.try_emplace(name, periodic.schedule.next(now)).first->second;  // declared since the start
    if (!next || *next > now) continue;
    const auto due = aftercommit::detail::due_ticks(periodic.schedule, periodic.options, *next, now);
    next = due.next;
    for (const auto tick : due.run) ask(periodic, tick);
  }
}

std::optional<Schedule::Time> Ticks::next() const {
  std::optional<Schedule::Time> first;
  for (const auto& [name, next] : next_) {
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

void Ticks::ask(const aftercommit::detail::PeriodicEntry& periodic, Schedule::Time tick) {
  auto& core = app_.core();
  if (core.databases().empty()) {  // a worker would refuse that: its ticks are rows
    auto call = periodic.options.call;
    call.delivery = Delivery::kOnCommit;
    call.tick = tick;
    std::vector<nlohmann::json> calls;
    calls.push_back(periodic.args);
    aftercommit::detail::enqueue(*periodic.task, call, std::move(calls));
    return;
  }
  const auto declared =
      aftercommit::detail::periodic_of(core, aftercommit::detail::database_of(core, periodic));
  const auto found = std::ranges::find(declared, &periodic, &aftercommit::detail::DeclaredPeriodic::entry);
  aftercommit::detail::enqueue_periodic(*found, tick);
}

}  // namespace aftercommit::testing
