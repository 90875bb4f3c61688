/// Finds the master that sentinels watch over.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/redis/wire/redis_finder.hpp"
#include "broker/redis/wire/sentinel_watch.hpp"

namespace aftercommit {

/// Asks one sentinel after the other and believes none: who is called a master must say so itself.  While a
/// failover is under way, connect() waits for its end.
class SentinelFinder final : public RedisFinder {
 public:
  explicit SentinelFinder(const RedisUrl& url) : url_{url} {}
  ~SentinelFinder() override;
  SentinelFinder(const SentinelFinder&) = delete;
  SentinelFinder& operator=(const SentinelFinder&) = delete;

  std::unique_ptr<RedisConnection> connect(Deadline deadline) override;

 private:
  /// What came of one round of questions, beside a connection.
  struct Round {
    std::vector<std::string> said{};      // a part of a sentence for each sentinel
    std::vector<RedisAddress> named{};    // tried in vain
    std::vector<RedisAddress> doubted{};  // named by those who may not have heard of a failover
    bool refused = true;                  // by all: a matter of set-up
  };

  std::unique_ptr<RedisConnection> ask_all(Deadline deadline, Round& round);
  std::unique_ptr<RedisConnection> ask(const RedisUrl& sentinel, Deadline deadline, Round& round);
  std::unique_ptr<RedisConnection> try_master(const RedisAddress& address, Deadline deadline,
                                              std::string& said);
  std::optional<RedisAddress> ask_for_address(const RedisUrl& sentinel, Deadline deadline,
                                              Round& round) const;
  SentinelWatch& watch();
  void leave_to_parent();

  const RedisUrl url_;
  std::size_t first_ = 0;  // whom to ask first: who answered the last time
  std::shared_ptr<SentinelWatch> watch_;
};

}  // namespace aftercommit
