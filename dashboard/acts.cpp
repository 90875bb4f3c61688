#include "dashboard/acts.hpp"

#include <algorithm>
#include <exception>
#include <string_view>
#include <utility>

#include "dashboard/servers_pool.hpp"

namespace aftercommit::dashboard {

using operate::Json;

Acts::Acts(operate::Connections connections)
    : connections_{std::move(connections)}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

std::string Acts::begin(std::string who, std::string what, std::size_t of, Act act,
                        std::function<void(const Json&)> ended) {
  const std::scoped_lock lock{mutex_};
  const auto waiting = std::ranges::count_if(
      entries_, [](const Entry& entry) { return std::string_view{entry.state} == "waiting"; });
  if (static_cast<std::size_t>(waiting) >= kWaiting) {
    throw Refusal{503, "other changes are still at work: try again when they are done"};
  }
  auto id = std::to_string(++last_id_);
  entries_.push_back({.id = id,
                      .who = std::move(who),
                      .what = std::move(what),
                      .of = of,
                      .outcome = {},
                      .error = {},
                      .act = std::move(act),
                      .ended = std::move(ended)});
  while (entries_.size() > kKept && entries_.front().act == nullptr) entries_.pop_front();
  wake_.notify_all();
  return id;
}

Json Acts::in_json(const Entry& entry) {
  return {{"id", entry.id},
          {"who", entry.who},
          {"what", entry.what},
          {"state", entry.state},
          {"done", entry.done},
          {"of", entry.of},
          {"error", operate::or_null(entry.error)}};
}

Json Acts::state(const std::string& id) const {
  const std::scoped_lock lock{mutex_};
  const auto found = std::ranges::find(entries_, id, &Entry::id);
  if (found == entries_.end()) return nullptr;
  auto state = in_json(*found);
  state["outcome"] = found->outcome;
  return state;
}

Json Acts::list() const {
  const std::scoped_lock lock{mutex_};
  Json list = Json::array();
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry) list.push_back(in_json(*entry));
  return list;
}

Acts::Entry* Acts::next_waiting() {
  const auto found = std::ranges::find_if(
      entries_, [](const Entry& entry) { return std::string_view{entry.state} == "waiting"; });
  return found == entries_.end() ? nullptr : &*found;
}

void Acts::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (wake_.wait(lock, stop, [this] { return next_waiting() != nullptr; }) && !stop.stop_requested()) {
    auto& entry = *next_waiting();  // stays where it is: only those that have ended are dropped
    entry.state = "running";
    const auto act = entry.act;
    lock.unlock();
    Json outcome;
    std::string error;
    try {
      operate::Servers servers{connections_};
      outcome = act(servers, [&](std::size_t done) {
        const std::scoped_lock progress{mutex_};
        entry.done = done;
        return !stop.stop_requested();
      });
    } catch (const Refusal& refusal) {
      error = refusal.sentence;
    } catch (const std::exception& thrown) {
      error = refusal_of(thrown).sentence;
    }
    lock.lock();
    entry.outcome = std::move(outcome);
    entry.error = std::move(error);
    entry.state = entry.error.empty() ? "done" : "failed";
    entry.act = nullptr;
    auto state = in_json(entry);
    state["outcome"] = entry.outcome;
    const auto ended = std::exchange(entry.ended, nullptr);
    lock.unlock();
    if (ended) ended(state);
    lock.lock();
  }
}

}  // namespace aftercommit::dashboard
