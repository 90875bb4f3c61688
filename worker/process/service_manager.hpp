/// What systemd, or whoever else has started this process, wants to know of it: see sd_notify(3).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace aftercommit::worker {

/// Says nothing where nobody asked for it, which is where NOTIFY_SOCKET is not set.  It speaks the protocol
/// by itself, a datagram for each word, so that no library is needed.  For one thread of the process that was
/// started.
class ServiceManager {
 public:
  /// Takes the variables out of the environment: what tasks start is not to speak for the worker.
  ServiceManager();

  bool listens() const noexcept { return !path_.empty(); }
  /// How often keep_alive() is to be called, half of WatchdogSec; nothing: not at all.
  std::optional<std::chrono::milliseconds> keep_alive_interval() const noexcept { return interval_; }

  void ready() const noexcept { send("READY=1\nSTATUS=running jobs"); }
  void reloading() const noexcept;
  void stopping() const noexcept { send("STOPPING=1\nSTATUS=stopping"); }
  void keep_alive() const noexcept { send("WATCHDOG=1", Wait::kNone); }

 private:
  /// For room in the manager's queue, where others speak to it as well.
  enum class Wait : std::uint8_t { kNone, kASecond };
  void send(std::string_view state, Wait wait = Wait::kASecond) const noexcept;

  std::string path_;
  std::optional<std::chrono::milliseconds> interval_;
};

}  // namespace aftercommit::worker
