/// Places where a test makes a process die, stop or fail: for the fault tests alone.
#pragma once

#include <string_view>

#ifdef AFTERCOMMIT_FAIL_POINTS
#include <unistd.h>

#include <atomic>
#include <charconv>
#include <csignal>
#include <cstdlib>
#include <new>
#endif

namespace aftercommit {

#ifdef AFTERCOMMIT_FAIL_POINTS

/// AFTERCOMMIT_FAIL_POINT=name:kill@3 kills the process at its third pass through fail_point("name"); `stop`
/// stops it instead (SIGSTOP), `hang` the thread alone, for ever.  Without "@n" at the first.  `fail` throws,
/// as when there is no memory, at each pass until the n-th.
inline void fail_point(std::string_view name) {
  static const char* const asked = std::getenv("AFTERCOMMIT_FAIL_POINT");
  if (asked == nullptr) return;
  std::string_view text{asked};
  if (!text.starts_with(name) || !text.substr(name.size()).starts_with(':')) return;
  text.remove_prefix(name.size() + 1);
  const auto at = text.find('@');
  int nth = 1;
  if (at != text.npos) std::from_chars(text.data() + at + 1, text.data() + text.size(), nth);
  static std::atomic<int> passes{0};
  const int pass = ++passes;
  const auto action = text.substr(0, at);
  if (action == "fail" && pass <= nth) throw std::bad_alloc{};
  if (pass != nth || action == "fail") return;
  while (action == "hang") ::pause();
  std::raise(action == "stop" ? SIGSTOP : SIGKILL);
}

#else

inline void fail_point(std::string_view /*name*/) noexcept {}

#endif

}  // namespace aftercommit
