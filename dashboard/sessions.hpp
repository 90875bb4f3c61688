/// Who has signed in with a token: what the cookie of a browser stands for.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "dashboard/users.hpp"

namespace aftercommit::dashboard {

/// In memory: who restarts the dashboard signs everybody out.  Thread-safe.
class Sessions {
 public:
  static constexpr std::chrono::hours kLength{12};
  static constexpr std::size_t kMost = 1000;  ///< beyond that the oldest ends

  /// The value of a new cookie: 256 random bits.
  std::string begin(const User& user);
  std::optional<User> find(std::string_view cookie);
  void end(std::string_view cookie);

 private:
  using Clock = std::chrono::steady_clock;
  struct Session {
    User user;
    Clock::time_point until;
  };

  std::mutex mutex_;
  std::map<std::string, Session, std::less<>> sessions_;  // with mutex_
};

/// The value of one cookie in the header of that name; empty: it is not there.
std::string_view cookie_of(std::string_view header, std::string_view name);

}  // namespace aftercommit::dashboard
