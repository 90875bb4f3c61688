/// Looks that several pages share: whoever asks the same within a moment gets the same answer.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "dashboard/request.hpp"

namespace aftercommit::dashboard {

/// Ten open pages cost what one does: a look is under way once, and good for as long as is asked for, or for
/// ten times what it took, if that is longer.  Thread-safe.
class SharedLooks {
 public:
  static constexpr std::size_t kMost = 64;  ///< kept at a time

  /// What `look` gives or throws (Refusal).  `key` names the question.
  Json get(const std::string& key, std::chrono::milliseconds good_for, const std::function<Json()>& look);
  /// Something was changed: all is looked at anew.
  void forget();

 private:
  using Clock = std::chrono::steady_clock;
  struct Look {
    bool under_way = true;
    std::uint64_t epoch = 0;  // as it began
    Json document{};
    std::optional<Refusal> refusal{};
    Clock::time_point until{};
  };

  void drop_old(Clock::time_point now);  // with mutex_

  std::mutex mutex_;
  std::condition_variable done_;                        // waits with mutex_
  std::map<std::string, std::shared_ptr<Look>> looks_;  // with mutex_
  std::uint64_t epoch_ = 0;                             // with mutex_: counts changes
};

}  // namespace aftercommit::dashboard
