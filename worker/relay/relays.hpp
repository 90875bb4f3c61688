/// The relays of an app: one for each of its databases.
#pragma once

#include <memory>
#include <vector>

#include "aftercommit/app.hpp"
#include "client/app/app_core.hpp"
#include "worker/relay/relay.hpp"

namespace aftercommit::worker {

class Relays {
 public:
  /// `app` and `home` are not owned and outlive this.
  Relays(App& app, const std::vector<Queue>& queues, std::chrono::milliseconds interval, Home& home) {
    const auto& settings = app.options();
    for (const auto& [alias, database] : app.core().databases()) {
      all_.push_back(std::make_unique<Relay>(make_broker(settings.redis_url), *database, queues,
                                             settings.payload_limit, interval, home));
    }
  }

  void request_stop() {  ///< the destructor waits for them
    for (const auto& relay : all_) relay->request_stop();
  }

 private:
  std::vector<std::unique_ptr<Relay>> all_;
};

}  // namespace aftercommit::worker
