#include "dashboard/shared_looks.hpp"

#include <algorithm>
#include <exception>
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
      done_.wait(lock, [&] { return !its->under_way; });
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
    mine->until = ended + std::max<Clock::duration>(good_for, (ended - began) * 10);
    mine->under_way = false;
  }
  done_.notify_all();
  if (refusal) throw *refusal;
  return document;
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
