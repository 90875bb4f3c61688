/// Changes that take long: done one after the other, beside the requests that asked for them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>

#include "operate/connections.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::dashboard {

/// Thread-safe.
class Acts {
 public:
  static constexpr std::size_t kWaiting = 8;
  static constexpr std::size_t kKept = 50;  ///< of those that have ended

  /// Says how many jobs were looked at; false: leave off.
  using Progress = std::function<bool(std::size_t done)>;
  using Act = std::function<operate::Json(operate::Servers& servers, const Progress& progress)>;

  explicit Acts(operate::Connections connections);

  /// `of`: about how many jobs; `ended` hears how it went, on the thread of the acts.  Its id; Refusal where
  /// too many wait.
  std::string begin(std::string who, std::string what, std::size_t of, Act act,
                    std::function<void(const operate::Json& state)> ended);

  /// {"id", "who", "what", "state", "done", "of", "outcome", "error"}; null: there is none of this id.
  operate::Json state(const std::string& id) const;
  /// The newest first, without outcomes.
  operate::Json list() const;

 private:
  struct Entry {
    std::string id;
    std::string who;
    std::string what;
    const char* state = "waiting";  // running, done, failed
    std::size_t done = 0;
    std::size_t of = 0;
    operate::Json outcome;
    std::string error;
    Act act;
    std::function<void(const operate::Json&)> ended;
  };

  void run(const std::stop_token& stop);
  static operate::Json in_json(const Entry& entry);
  Entry* next_waiting();  // with mutex_

  const operate::Connections connections_;
  mutable std::mutex mutex_;  // protects what follows
  std::condition_variable_any wake_;
  std::deque<Entry> entries_;  // in the order in which they were asked for
  std::uint64_t last_id_ = 0;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::dashboard
