#include "worker/roles/purger.hpp"

#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/ledger.hpp"

namespace aftercommit::worker {

Purger::Purger(App& app, std::chrono::hours kept)
    : app_{app}, kept_{kept}, thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Purger::purge(const std::string& alias, Database& database, const std::stop_token& stop) noexcept {
  constexpr std::string_view kFailed = "the ledger cannot be purged; trying again each minute";
  try {
    fail_point("purging the ledger");
    while (!stop.stop_requested() && detail::purge_ledger(database, kept_) > 0) {
    }
    failures_.erase(alias);
  } catch (...) {
    try {
      failures_.try_emplace(alias, kFailed).first->second.failed(alias);
    } catch (...) {
      // No memory to say so: what is old now is old in a minute too.
    }
  }
}

void Purger::run(const std::stop_token& stop) {
  constexpr std::chrono::minutes kInterval{1};
  while (!stop.stop_requested()) {
    for (const auto& [alias, database] : app_.core().databases()) {
      purge(alias, *database, stop);
    }
    std::unique_lock lock{mutex_};
    wake_.wait_for(lock, stop, kInterval, [] { return false; });
  }
}

}  // namespace aftercommit::worker
