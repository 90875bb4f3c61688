#include "worker/purger.hpp"

#include "client/app_core.hpp"
#include "client/ledger.hpp"

namespace aftercommit::worker {

Purger::Purger(App& app, std::chrono::hours kept)
    : app_{app}, kept_{kept}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Purger::run(const std::stop_token& stop) {
  constexpr std::chrono::minutes kInterval{1};
  while (!stop.stop_requested()) {
    for (const auto& [alias, database] : app_.core().databases()) {
      try {
        while (!stop.stop_requested() && detail::purge_ledger(*database, kept_) > 0) {
        }
      } catch (const std::exception&) {
        // The database is away, as others will say: what is old now is old in a minute too.
      }
    }
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, kInterval, [] { return false; });
  }
}

}  // namespace aftercommit::worker
