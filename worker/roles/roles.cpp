#include "worker/roles/roles.hpp"

#include <algorithm>

namespace aftercommit::worker {

Roles::~Roles() {
  while (!all_.empty()) all_.pop_back();
}

void Roles::list(Place place, RoleThread& thread, std::shared_ptr<void> role) {
  all_.push_back({std::move(place), &thread, std::move(role)});
}

void Roles::request_stop(End end) noexcept {
  for (const auto& listed : all_) {
    if (listed.place.end == end) listed.thread->request_stop();
  }
}

void Roles::stop(End end) {
  request_stop(end);
  for (const auto& listed : all_) {
    if (listed.place.end == end) listed.thread->stop();
  }
}

bool Roles::any_fails() const noexcept {
  return std::ranges::any_of(all_, [](const Listed& listed) { return listed.thread->fails(); });
}

std::vector<Watchdog::Watched> Roles::watched() const {
  using Cause = Watchdog::Cause;
  std::vector<Watchdog::Watched> all;
  for (const auto& [place, thread, role] : all_) {
    if (place.watched_as.empty()) continue;
    const auto cause = [in_vain = place.waits_in_vain](Phase phase) {
      return phase != Phase::kWaiting || (in_vain && in_vain()) ? Cause::kOurs : Cause::kNone;
    };
    all.push_back({.name = place.watched_as, .progress = &thread->progress(), .cause = cause});
  }
  return all;
}

}  // namespace aftercommit::worker
