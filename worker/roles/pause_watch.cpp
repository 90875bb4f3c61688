#include "worker/roles/pause_watch.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/queue_state.hpp"
#include "client/job_table/schema_steps.hpp"

namespace aftercommit::worker {

PauseWatch::PauseWatch(std::unique_ptr<Pauses> broker, App& app, std::vector<Queue> queues,
                       PausedQueues& paused, std::chrono::milliseconds interval)
    : broker_{std::move(broker)},
      app_{app},
      queues_{std::move(queues)},
      paused_{paused},
      thread_{{.role = "looking which queues are paused", .shares_connections = true},
              [this, interval](const std::stop_token&) {
                look();
                return interval;
              }} {}

void PauseWatch::look() {
  for (const auto& [alias, database] : app_.core().databases()) ask(alias, *database);
  std::exception_ptr away;
  try {
    ask_broker();
  } catch (...) {  // once it is back jobs may be fetched before it is asked again: by what the others say
    away = std::current_exception();
  }
  std::set<Queue> all;
  for (const auto& [place, queues] : by_place_) all.insert(queues.begin(), queues.end());
  paused_.set(all);
  for (const auto& queue : all) {
    if (!told_.contains(queue))
      log(LogLevel::kInfo, "a queue is paused: its jobs wait until it is resumed", {{"queue", queue}});
  }
  for (const auto& queue : told_) {
    if (!all.contains(queue)) log(LogLevel::kInfo, "a queue is resumed", {{"queue", queue}});
  }
  told_ = std::move(all);
  if (away) std::rethrow_exception(away);
}

void PauseWatch::ask_broker() {
  const auto since = broker_->paused_since(queues_);
  auto& found = by_place_[{}];
  found.clear();
  for (std::size_t i = 0; i < queues_.size(); ++i) {
    if (since[i]) found.insert(queues_[i]);
  }
}

void PauseWatch::ask(const std::string& alias, Database& database) {
  constexpr std::string_view kFailed =
      "a database does not say which queues are paused; what it said last holds, and it is asked again with "
      "each heartbeat";
  auto& failing = failures_.try_emplace(alias, kFailed).first->second;
  try {
    if (!ready_.contains(alias)) {
      if (!detail::schema_is_at_least(database, detail::kPauseSchema)) return;  // nobody can pause one there
      ready_.insert(alias);
    }
    std::set<Queue> found;
    for (auto& paused : detail::find_paused(database)) {
      if (std::ranges::find(queues_, paused.queue) != queues_.end()) found.insert(std::move(paused.queue));
    }
    by_place_[alias] = std::move(found);
    failing.succeeded();
  } catch (...) {
    failing.failed(alias);
  }
}

}  // namespace aftercommit::worker
