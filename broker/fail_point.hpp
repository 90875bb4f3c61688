/// Places where a test makes a process die, stop, or do the wrong thing: for the fault tests alone.
#pragma once

#include <string_view>

#ifdef AFTERCOMMIT_FAIL_POINTS
#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#endif

namespace aftercommit {

#ifdef AFTERCOMMIT_FAIL_POINTS

/// AFTERCOMMIT_FAIL_POINT=name:kill@3 kills the process at its third pass through fail_point("name"); `stop`
/// stops it instead (SIGSTOP).  Without "@n" at the first.
inline void fail_point(std::string_view name) noexcept {
  static const char* const asked = std::getenv("AFTERCOMMIT_FAIL_POINT");
  if (asked == nullptr) return;
  std::string_view text{asked};
  if (!text.starts_with(name) || !text.substr(name.size()).starts_with(':')) return;
  text.remove_prefix(name.size() + 1);
  const auto at = text.find('@');
  int nth = 1;
  if (at != text.npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), nth);
  static std::atomic<int> passes{0};
  if (++passes == nth) std::raise(text.substr(0, at) == "stop" ? SIGSTOP : SIGKILL);
}

/// True if AFTERCOMMIT_MUTANT asks for this wrong design, which the fault tests must notice.
inline bool mutant(std::string_view name) noexcept {
  static const char* const asked = std::getenv("AFTERCOMMIT_MUTANT");
  return asked != nullptr && name == asked;
}

#else

inline void fail_point(std::string_view /*name*/) noexcept {}
constexpr bool mutant(std::string_view /*name*/) noexcept { return false; }

#endif

}  // namespace aftercommit
