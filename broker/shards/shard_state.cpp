#include "broker/shards/shard_state.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>

#include "broker/contract/shards.hpp"

namespace aftercommit {

ShardState& ShardState::of(const std::string& name) {
  struct All {
    std::mutex mutex;  // protects states
    std::map<std::string, std::unique_ptr<ShardState>> states;
  };
  static All& all = *new All;  // jobs may be sent while static objects are destroyed
  const std::lock_guard lock{all.mutex};
  auto& state = all.states[name];
  if (!state) state = std::make_unique<ShardState>(name);
  return *state;
}

ShardState::ShardState(std::string name) : called_{"shard " + std::move(name) + " of the broker"} {}

std::int64_t ShardState::now_ms() noexcept {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now().time_since_epoch()).count();
}

bool ShardState::may_be_asked() noexcept {
  constexpr std::int64_t kOneTry = 6000;  // takes no longer, connecting included
  if (away_.load(std::memory_order_relaxed)) return false;
  if (failures_.load(std::memory_order_relaxed) == 0) return true;
  const auto now = now_ms();
  auto ask_at = ask_at_ms_.load();
  return now >= ask_at && ask_at_ms_.compare_exchange_strong(ask_at, now + kOneTry);
}

void ShardState::answered() noexcept {
  if (failures_.load(std::memory_order_relaxed) != 0) failures_ = 0;
}

void ShardState::failed() noexcept {
  constexpr int kMostDoublings = 3;
  constexpr std::int64_t kOneOutage = 500;  // several threads meet it at once
  const auto now = now_ms();
  if (now - failed_at_ms_.exchange(now) < kOneOutage && failures_.load() > 0) return;
  const auto doublings = std::min(failures_.fetch_add(1), kMostDoublings);
  ask_at_ms_ = now + (std::int64_t{1000} << doublings);
}

void ShardState::set_away(bool away) noexcept {
  away_ = away;
  if (!away) answered();
}

void tell_shard_away(ShardState* state, bool away) noexcept {
  if (state != nullptr) state->set_away(away);
}

bool shard_is_away(const ShardState* state) noexcept { return state != nullptr && state->is_away(); }

}  // namespace aftercommit
