#include "worker/roles/lease_watch.hpp"

#include <algorithm>

namespace aftercommit::worker {
namespace {

constexpr Millis kLongest = std::chrono::hours{24};  // that --lease may be

}  // namespace

void LeaseWatch::saw(const std::vector<LeaseView>& leases, Clock::time_point now) {
  std::map<std::pair<WorkerId, Queue>, Seen> current;
  for (const auto& lease : leases) {
    std::pair key{lease.worker, lease.queue};
    const auto known = seen_.find(key);
    if (known != seen_.end() && known->second.mark == lease.mark) {
      current.insert(*known);
    } else {
      const auto ends = now + std::clamp(lease.left, own_, std::max(own_, kLongest));
      current.insert_or_assign(std::move(key), Seen{lease.mark, ends});
    }
  }
  seen_ = std::move(current);
}

std::vector<LeaseWatch::Silent> LeaseWatch::silent(Clock::time_point now) const {
  std::vector<Silent> all;
  for (const auto& [key, seen] : seen_) {
    if (now < seen.ends) continue;
    if (all.empty() || all.back().worker != key.first) all.push_back({.worker = key.first, .marks = {}});
    all.back().marks.emplace_back(key.second, seen.mark);
  }
  return all;
}

std::map<WorkerId, LeaseWatch::Clock::time_point> LeaseWatch::alive_until() const {
  std::map<WorkerId, Clock::time_point> all;
  for (const auto& [key, seen] : seen_) {
    auto& until = all[key.first];
    until = std::max(until, seen.ends);
  }
  return all;
}

bool LeaseWatch::lives(const WorkerId& worker, Clock::time_point now) const {
  const auto first = seen_.lower_bound({worker, {}});
  return std::any_of(first, seen_.end(), [&](const auto& lease) {
    return lease.first.first == worker && now < lease.second.ends;
  });
}

}  // namespace aftercommit::worker
