/// Slows down who tries tokens and passwords, by where they come from.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "dashboard/request.hpp"

namespace aftercommit::dashboard {

/// Of one address a few wrong ones are looked at within a minute, then nothing until it is over: a right one
/// would tell that it is right.  Others are let in meanwhile.  An address of IPv6 stands for its network,
/// since whoever has one has all of that.  Behind a proxy on this machine the address is what that says in
/// X-Forwarded-For; where it hands on what a stranger wrote there, he has as many addresses as he likes, so
/// there is a bound for all that come by one proxy as well.  In memory, of bounded size.  Thread-safe.
class Guesses {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kMost = 5;                     ///< wrong ones of an address within kPeriod
  static constexpr int kMostByProxy = 100;            ///< of all that come by one proxy
  static constexpr std::chrono::seconds kPeriod{60};  ///< from the first wrong one on
  static constexpr std::size_t kAddresses = 4096;     ///< remembered; then the oldest is forgotten

  /// For how long what this request brings is not looked at; nothing: it is.
  std::optional<std::chrono::seconds> wait(const Request& request, Clock::time_point now = Clock::now());
  /// What it has brought was wrong.  Says so in the log, without it.
  void wrong(const Request& request, Clock::time_point now = Clock::now());

 private:
  struct Tried {
    int wrong = 0;
    Clock::time_point until{};
  };

  std::optional<std::chrono::seconds> left(const std::string& address, int most,
                                           Clock::time_point now) const;    // with mutex_
  bool count(const std::string& address, int most, Clock::time_point now);  // with mutex_: was that the last?

  mutable std::mutex mutex_;            // protects what follows
  std::map<std::string, Tried> tried_;  // by address, or network
  Clock::time_point told_at_{};         // of the last line in the log
};

}  // namespace aftercommit::dashboard
