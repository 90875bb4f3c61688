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
/// ten times what it took, if that is longer.  One that says that a server is away is not: it took the time
/// of nobody.  Thread-safe.
class SharedLooks {
 public:
  static constexpr std::size_t kMost = 64;  ///< kept at a time
  static constexpr std::chrono::seconds kPatience{6};

  /// `patience`: the longest wait for a look of somebody else.
  explicit SharedLooks(std::chrono::milliseconds patience = kPatience) : patience_{patience} {}

  /// For how long an answer is good; `failed`: it is a refusal, or hides what a server holds.
  static std::chrono::milliseconds kept_for(std::chrono::milliseconds took,
                                            std::chrono::milliseconds good_for, bool failed);

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

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable done_;                        // waits with mutex_
  std::map<std::string, std::shared_ptr<Look>> looks_;  // with mutex_
  std::uint64_t epoch_ = 0;                             // with mutex_: counts changes
};

}  // namespace aftercommit::dashboard
