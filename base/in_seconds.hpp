/// A length of time as people read it.
#pragma once

#include <chrono>
#include <string>

namespace aftercommit {

/// In seconds, to the millisecond: "1.5" for 1500 ms, "90" for a minute and a half.  Of none below zero.
inline std::string in_seconds(std::chrono::milliseconds time) {
  std::string text = std::to_string(time.count() / 1000);
  if (time.count() % 1000 != 0) text += "." + std::to_string(1000 + time.count() % 1000).substr(1);
  return text.find('.') == std::string::npos ? text : text.substr(0, text.find_last_not_of('0') + 1);
}

}  // namespace aftercommit
