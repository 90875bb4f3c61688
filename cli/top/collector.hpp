/// Looks at the servers for `top`, and does what its keys ask for, on a thread of its own: the screen waits
/// for no server.
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cli/top/snapshot.hpp"
#include "cli/top/view.hpp"
#include "operate/connections.hpp"
#include "operate/servers.hpp"

namespace aftercommit::cli {

/// Thread-safe.
class Collector {
 public:
  Collector(operate::Connections connections, std::chrono::milliseconds every);
  /// Waits for what its thread is at, which each server bounds.
  ~Collector();
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// Can be read once there is news: take() empties it.
  int descriptor() const noexcept { return news_[0]; }

  struct News {
    std::optional<Snapshot> snapshot{};  ///< another one than before
    std::string message{};               ///< what has become of an act; empty: nothing new
  };
  News take();

  void ask(Act act);   ///< to be done soon; the next look follows at once
  void show(Tab tab);  ///< what is looked at besides what the head needs
  bool is_acting();    ///< something that was asked for is not done yet
  /// Whether its thread has ended, for which it waits so long; before that it does what was asked for.
  bool end(std::chrono::milliseconds patience);

 private:
  void run();
  Snapshot look();
  void look_at(Tab tab, Snapshot& snapshot);
  std::string perform(const Act& act);
  void tell();

  const operate::Connections connections_;
  const std::chrono::milliseconds every_;
  int news_[2] = {-1, -1};

  std::mutex mutex_;  // protects what follows
  std::condition_variable wake_;
  std::deque<Act> acts_;
  News untold_;
  Tab shown_ = Tab::kQueues;
  bool look_now_ = true;
  bool acting_ = false;
  bool stopping_ = false;
  bool ended_ = false;

  std::optional<operate::Servers> servers_;  // used by thread_ alone, as what follows
  std::vector<Queue> queues_;
  std::chrono::steady_clock::time_point queues_known_at_{};
  std::optional<operate::Glance> before_;

  std::thread thread_;  // last
};

}  // namespace aftercommit::cli
