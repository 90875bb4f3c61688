/// Ends the process where something keeps it from ending by itself.
#pragma once

#include <chrono>
#include <exception>
#include <stop_token>
#include <string_view>
#include <thread>

#include "aftercommit/log.hpp"
#include "base/pause.hpp"
#include "worker/log/logging.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {

/// If it has not been destroyed when `patience` has passed, says `message`, which has to live as long, and
/// ends the process with `code`.
class ForcedExit {
 public:
  ForcedExit(int code, std::chrono::milliseconds patience, std::string_view message) noexcept {
    try {
      thread_ = std::jthread{[this, code, patience, message](const std::stop_token& stop) {
        if (!ended_.wait(patience, stop)) return;
        log(LogLevel::kWarning, message);
        end_at_once(code);
      }};
    } catch (const std::exception&) {  // better an end without a bound than none in good order
      log(LogLevel::kWarning, "no thread is to be had that bounds the time of this stop");
    }
  }

 private:
  Pause ended_;
  std::jthread thread_;  // last
};

}  // namespace aftercommit::worker
