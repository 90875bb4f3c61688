/// Ends the wait for a database server that has frozen: what the network's timeouts do for a host that is
/// gone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "client/postgres/connection.hpp"

namespace aftercommit::detail {

/// The connections of one database.  While a message on one of them waits for its answer longer than the
/// connect timeout, the server is asked whether it lets anybody in, as often; one that has answered to none
/// of three such probes in a row is taken for frozen, and what waits for it is severed.  A server that works,
/// or refuses, is waited for as long as it takes.  Thread-safe; looked after by a thread of the process.
class FrozenWatch : public std::enable_shared_from_this<FrozenWatch> {
 public:
  FrozenWatch(DatabaseOptions options, std::string alias)
      : options_{std::move(options)}, alias_{std::move(alias)} {}

  /// From now on, until it is destroyed.  Never throws: without memory or threads it goes unwatched.
  void add(const std::shared_ptr<Connection>& connection) noexcept;

  /// By the thread alone, now and then.
  void look();

 private:
  using Clock = std::chrono::steady_clock;

  struct Watched {
    std::weak_ptr<Connection> connection;
    std::uint32_t messages = 0;  // as they stood when last looked at
    Clock::time_point since{};   // and since when
  };

  std::vector<std::shared_ptr<Connection>> find_waiting();
  bool answers() const;

  const DatabaseOptions options_;
  const std::string alias_;
  std::mutex mutex_;  // protects the next two
  std::vector<Watched> watched_;
  std::optional<unsigned> known_in_;  // to the thread, after so many forks
  int silent_probes_ = 0;             // in a row; of the thread
};

}  // namespace aftercommit::detail
