/// A broker in Redis with fewer words, and Redis seen from outside: what the tests of RedisBroker share.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/redis_broker.hpp"

namespace aftercommit::support {

inline constexpr Millis kNoWait{0};
inline constexpr Millis kShort{200};
inline constexpr Millis kTimeout{10'000};
inline const WorkerId kAnn = "worker-ann";
inline const WorkerId kBob = "worker-bob";
inline const std::vector<Queue> kMail{"mail"};

inline std::vector<std::string> payloads(const std::vector<Fetched>& jobs) {
  std::vector<std::string> all;
  for (const auto& job : jobs) all.push_back(job.payload);
  return all;
}

/// Redis seen from outside the broker under test.
class Onlooker {
 public:
  explicit Onlooker(const std::string& url) : session_{parse_redis_url(url)} {}

  template <class... Words>
  Reply ask(std::string_view command, const Words&... words) {
    RedisPipeline commands;
    commands.add(command, words...);
    return std::move(session_.ask(commands, std::chrono::steady_clock::now() + kTimeout).at(0));
  }

  template <class... Words>
  std::string text_of(std::string_view command, const Words&... words) {
    return std::string{text(*ask(command, words...))};
  }
  const RedisKeys& mail() { return keys("mail"); }
  const RedisKeys& keys(const Queue& queue) { return session_.keys(queue); }

  /// Cuts every connection but this one.  On a private server only.
  void cut_others() { ask("CLIENT", "KILL", "TYPE", "normal"), ask("CLIENT", "KILL", "TYPE", "pubsub"); }

 private:
  RedisSession session_;
};

/// Calls of a broker with fewer words.
class Calls {
 public:
  explicit Calls(const std::string& url, Millis call_timeout = kTimeout)
      : broker{parse_redis_url(url), call_timeout} {}

  void enqueue(std::vector<Outgoing> jobs, Millis timeout = kTimeout) { broker.enqueue(jobs, timeout); }
  std::vector<Fetched> fetch(std::size_t count, Millis wait = kNoWait, const WorkerId& worker = kAnn) {
    return broker.fetch(worker, kMail, count, wait);
  }
  Settled settle(Settlement::Kind kind, const Fetched& job, const WorkerId& worker = kAnn) {
    const Settlement settlement{kind, job.queue, job.entry, "settled"};
    return broker.settle(worker, {&settlement, 1}).at(0);
  }
  /// Those whose lease has ended.
  std::vector<LeaseView> lapsed(Millis lease) {
    auto all = broker.leases(kMail, lease);
    std::erase_if(all, [](const LeaseView& view) { return view.left > Millis{0}; });
    return all;
  }
  std::vector<WorkerId> lapsed_workers(Millis lease) {
    std::vector<WorkerId> workers;
    for (const auto& view : lapsed(lease)) workers.push_back(view.worker);
    return workers;
  }
  /// The jobs of a worker whose lease has ended.
  std::size_t recover_lapsed(const WorkerId& worker) {
    std::size_t jobs = 0;
    for (const auto& view : lapsed(std::chrono::hours{1})) {
      if (view.worker == worker) jobs += broker.recover(worker, kMail, 100, view.mark);
    }
    return jobs;
  }
  QueueCounts counts() { return broker.counts("mail"); }

  RedisBroker broker;
};

/// The sentence of the error that `call` throws; fails if it is none of type `Thrown`.
template <class Thrown, class Call>
std::string complaint(Call&& call) {
  try {
    call();
  } catch (const Thrown& error) {
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

template <class Call>
std::optional<EnqueueFailure> failure(Call&& call) {
  try {
    call();
  } catch (const EnqueueFailure& error) {
    return error;
  }
  return {};
}

}  // namespace aftercommit::support
