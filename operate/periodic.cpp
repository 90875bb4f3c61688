#include "operate/periodic.hpp"

#include <algorithm>
#include <thread>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "client/job_table/migrations.hpp"
#include "client/periodic/schedule_rule.hpp"
#include "operate/look.hpp"

namespace aftercommit::operate {
namespace {

detail::PeriodicTable table_of(const PeriodicTask& task) {
  return detail::PeriodicTable{task.store->database};
}

Schedule schedule_of(const PeriodicTask& task) {
  return detail::read_schedule(task.row.declared.schedule, task.row.declared.zone);
}

Json time_in_json(const std::optional<Schedule::Time>& time) {
  return time ? Json(utc(*time)) : Json(nullptr);
}

}  // namespace

std::optional<Schedule::Time> PeriodicTask::next_at() const {
  if (state() != State::kActive || row.never) return std::nullopt;
  if (row.next_at) return row.next_at;
  try {
    return schedule_of(*this).next(row.now);
  } catch (const Error&) {
    return std::nullopt;  // a worker knows more than this program, or than this machine
  }
}

std::string_view word(PeriodicTask::State state) {
  switch (state) {
    case PeriodicTask::State::kActive:
      return "active";
    case PeriodicTask::State::kPaused:
      return "paused";
    case PeriodicTask::State::kGone:
      break;
  }
  return "gone";
}

std::vector<PeriodicTask> periodic_tasks(Servers& servers) {
  std::vector<PeriodicTask> all;
  for (const auto& store : servers.stores()) {
    detail::require_schema(store.database, detail::kPeriodicSchema, "a look at periodic tasks");
    look_briefly(store.database, LookBounds{}.statement, [&] {
      for (auto& row : detail::PeriodicTable{store.database}.rows()) {
        all.push_back({.alias = store.alias, .store = &store, .row = std::move(row)});
      }
    });
  }
  std::ranges::stable_sort(all, {}, [](const PeriodicTask& task) { return task.row.declared.name; });
  return all;
}

std::optional<PeriodicTask> find_periodic(Servers& servers, const std::string& name, const std::string& app) {
  auto all = periodic_tasks(servers);
  std::erase_if(all, [&](const PeriodicTask& task) {
    return task.row.declared.name != name || (!app.empty() && task.row.app != app);
  });
  if (all.empty()) return std::nullopt;
  if (all.size() > 1) {
    std::string places;
    for (const auto& task : all) {
      places += (places.empty() ? "app '" : ", app '") + in_one_line(task.row.app, 64) + "' on database '" +
                task.alias + "'";
    }
    throw UsageError{"periodic task '" + in_one_line(name, 100) + "' is there " + std::to_string(all.size()) +
                     " times (" + places + "): say which by --app, or by --database with an alias"};
  }
  return std::move(all.front());
}

std::vector<PeriodicTime> next_times(const PeriodicTask& task, std::size_t count) {
  const auto schedule = schedule_of(task);
  std::vector<PeriodicTime> times;
  auto at = task.row.now;
  while (times.size() < count) {
    const auto next = schedule.next(at);
    if (!next) break;
    at = *next;
    times.push_back({.at = at, .local = detail::local_text(at, schedule.zone())});
  }
  return times;
}

bool pause_periodic(const PeriodicTask& task, bool paused) {
  return table_of(task).set_paused(task.row.app, task.row.declared.name, paused);
}

std::optional<JobId> run_periodic(const PeriodicTask& task, std::chrono::milliseconds patience) {
  constexpr std::chrono::milliseconds kPause{50};
  const auto table = table_of(task);
  table.ask_run(task.row.app, task.row.declared.name);
  const auto until = std::chrono::steady_clock::now() + patience;
  do {
    for (const auto& row : table.rows()) {
      if (row.app != task.row.app || row.declared.name != task.row.declared.name) continue;
      if (row.runs_asked == 0) return row.last_job;
    }
    std::this_thread::sleep_for(kPause);
  } while (std::chrono::steady_clock::now() < until);
  return std::nullopt;
}

bool forget_periodic(const PeriodicTask& task) {
  return table_of(task).forget(task.row.app, task.row.declared.name);
}

Json in_json(const PeriodicTask& task) {
  const auto& row = task.row;
  return {{"name", row.declared.name},
          {"app", row.app},
          {"database", task.alias},
          {"task", row.declared.task},
          {"schedule", row.declared.schedule},
          {"zone", row.declared.zone},
          {"missed", row.declared.missed},
          {"state", word(task.state())},
          {"paused", row.paused},
          {"next_at", time_in_json(task.next_at())},
          {"last_tick", time_in_json(row.last_tick)},
          {"last_job", row.last_job ? Json(row.last_job->str()) : Json(nullptr)},
          {"declared_at", utc(row.declared_at)},
          {"seen_ms_ago", row.unseen.count()}};
}

Json in_json(const std::vector<PeriodicTask>& tasks) {
  Json list = Json::array();
  for (const auto& task : tasks) list.push_back(in_json(task));
  return {{"periodic", std::move(list)}};
}

Json in_json(const std::vector<PeriodicTime>& times) {
  Json list = Json::array();
  for (const auto& time : times) list.push_back({{"utc", utc(time.at)}, {"local", time.local}});
  return list;
}

}  // namespace aftercommit::operate
