#include "worker/process/service_manager.hpp"

#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <system_error>

namespace aftercommit::worker {
namespace {

/// Of a variable, which is gone then.
std::string take(const char* name) {
  const char* const value = std::getenv(name);
  std::string taken = value != nullptr ? value : "";
  ::unsetenv(name);
  return taken;
}

std::optional<std::int64_t> number_in(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

ServiceManager::ServiceManager() : path_{take("NOTIFY_SOCKET")} {
  const auto microseconds = number_in(take("WATCHDOG_USEC"));
  const auto process = number_in(take("WATCHDOG_PID"));
  if (path_.size() < 2 || path_.size() >= sizeof(::sockaddr_un::sun_path) ||
      (path_.front() != '/' && path_.front() != '@')) {
    path_.clear();  // of another kind, which is none of ours
  }
  if (path_.empty() || !microseconds || *microseconds < 2000) return;
  if (process && *process != ::getpid()) return;
  interval_ = std::chrono::milliseconds{*microseconds / 2000};
}

void ServiceManager::reloading() const noexcept {
  ::timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  char state[128];
  std::snprintf(state, sizeof state, "RELOADING=1\nMONOTONIC_USEC=%lld\nSTATUS=replacing its processes",
                static_cast<long long>(now.tv_sec) * 1'000'000 + now.tv_nsec / 1000);
  send(state);
}

void ServiceManager::send(std::string_view state, Wait wait) const noexcept {
  if (path_.empty()) return;
  const int file = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (file < 0) return;
  const ::timeval longest{.tv_sec = 1, .tv_usec = 0};
  ::setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &longest, sizeof longest);
  ::sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path_.data(), path_.size());
  if (path_.front() == '@') address.sun_path[0] = '\0';  // one without a file
  const auto size = static_cast<::socklen_t>(offsetof(::sockaddr_un, sun_path) + path_.size());
  const int flags = MSG_NOSIGNAL | (wait == Wait::kNone ? MSG_DONTWAIT : 0);
  ::sendto(file, state.data(), state.size(), flags, reinterpret_cast<const ::sockaddr*>(&address), size);
  ::close(file);
}

}  // namespace aftercommit::worker
