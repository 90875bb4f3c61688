#include "dashboard/shared_looks.hpp"

#include <algorithm>
#include <exception>
#include <string>
#include <utility>

#include "dashboard/servers_pool.hpp"

namespace aftercommit::dashboard {

Json SharedLooks::get(const std::string& key, std::chrono::milliseconds good_for,
                      const std::function<Json()>& look) {
  std::shared_ptr<Look> mine;
  {
    std::unique_lock lock{mutex_};
    const auto now = Clock::now();
    drop_old(now);
    const auto found = looks_.find(key);
    if (found != looks_.end() && found->second->epoch == epoch_ &&
        (found->second->under_way || found->second->until > now)) {
      const auto its = found->second;
      if (!done_.wait_for(lock, patience_, [&] { return !its->under_way; })) {
        throw Refusal{503, "the servers have not answered for " + std::to_string(patience_.count()) +
                               " ms: they are overloaded, frozen or cut off; try again in a moment"};
      }
      if (its->refusal) throw *its->refusal;
      return its->document;
    }
    mine = std::make_shared<Look>();
    mine->epoch = epoch_;
    looks_[key] = mine;
  }
  const auto began = Clock::now();
  Json document;
  std::optional<Refusal> refusal;
  try {
    document = look();
  } catch (const Refusal& thrown) {
    refusal = thrown;
  } catch (const std::exception& error) {
    refusal = refusal_of(error);
  }
  const auto ended = Clock::now();
  {
    const std::scoped_lock lock{mutex_};
    mine->document = document;
    mine->refusal = refusal;
    mine->until = ended + kept_for(std::chrono::ceil<std::chrono::milliseconds>(ended - began), good_for,
                                   refusal.has_value() || tells_of_outage(document));
    mine->under_way = false;
  }
  done_.notify_all();
  if (refusal) throw *refusal;
  return document;
}

std::chrono::milliseconds SharedLooks::kept_for(std::chrono::milliseconds took,
                                                std::chrono::milliseconds good_for, bool failed) {
  constexpr std::chrono::milliseconds kFailed{3000};
  const auto kept = std::max(good_for, took * 10);
  return failed ? std::min(kept, kFailed) : kept;
}

void SharedLooks::forget() {
  const std::scoped_lock lock{mutex_};
  ++epoch_;
}

void SharedLooks::drop_old(Clock::time_point now) {
  std::erase_if(looks_, [&](const auto& entry) {
    return !entry.second->under_way && (entry.second->until <= now || entry.second->epoch != epoch_);
  });
  while (looks_.size() >= kMost) {
    const auto done =
        std::ranges::find_if(looks_, [](const auto& entry) { return !entry.second->under_way; });
    if (done == looks_.end()) return;
    looks_.erase(done);
  }
}

}  // namespace aftercommit::dashboard
