/// What all roles of a worker have in common: a thread that does the same step again and again.
#pragma once

#include <chrono>
#include <optional>
#include <stop_token>
#include <string_view>
#include <thread>
#include <type_traits>
#include <utility>

#include "client/postgres/connection_pool.hpp"
#include "worker/roles/reconnect.hpp"
#include "worker/watch/progress.hpp"

namespace aftercommit::worker {

/// To be the last member of a role: it begins when all else of the role exists, and is joined before any of
/// that is gone.  Each step is done within the border of Reconnect::attempt, so that a role has no loop, no
/// handler of errors and no wait of its own; as Reconnect it is for its own thread, but for the rest of this
/// class and progress().
class RoleThread : public Reconnect {
 public:
  struct Name {
    std::string_view role;                   ///< what it does, for the log: "fetching jobs"
    std::string_view server = "the broker";  ///< what does not serve where it fails
    /// Its questions to a database are short and wait for each other, so that all such roles take one
    /// connection; else it has one as soon as it asks.
    bool shares_connections = false;
  };
  struct Nothing {
    void operator()(const std::stop_token& /*stop*/) const noexcept {}
  };

  /// `step` gives back how long to pause until the next one, if it has met its server; or nothing, if it
  /// waits for work by itself, and then calls succeeded() and enters Phase::kWaiting by itself.  `last` comes
  /// after the stop, once, outside of the border.
  template <class Step, class Last = Nothing>
  RoleThread(Name name, Step step, Last last = {})
      : Reconnect{name.role, name.server},
        thread_{[this, shares = name.shares_connections, step = std::move(step),
                 last = std::move(last)](const std::stop_token& stop) mutable {
          std::optional<detail::SharesConnections> sharing;
          if (shares) sharing.emplace();
          while (!stop.stop_requested()) attempt(stop, [&] { take(step, stop); });
          last(stop);
        }} {}

  void request_stop() noexcept { thread_.request_stop(); }  ///< the destructor waits for it
  /// Returns when it has ended; at once if it had.
  void stop() {
    request_stop();
    if (thread_.joinable()) thread_.join();
  }

 private:
  template <class Step>
  void take(Step& step, const std::stop_token& stop) {
    if constexpr (std::is_void_v<std::invoke_result_t<Step&, const std::stop_token&>>) {
      step(stop);
    } else {
      const std::chrono::steady_clock::duration until_next = step(stop);
      succeeded();
      progress().enter(Phase::kWaiting);
      pause(until_next, stop);
    }
  }

  std::jthread thread_;
};

}  // namespace aftercommit::worker
