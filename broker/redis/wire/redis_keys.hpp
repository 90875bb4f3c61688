/// Spells every Redis key and name that the brokers of one queue share.
#pragma once

#include <array>
#include <string>
#include <string_view>

#include "aftercommit/job_id.hpp"
#include "broker/contract/aside.hpp"
#include "broker/contract/levels.hpp"

namespace aftercommit {

inline constexpr std::string_view kRedisGroup = "workers";  ///< the consumer group; a consumer is a WorkerId
inline constexpr std::string_view kRedisField = "e";        ///< the one field of a stream entry: the payload

/// How the set of durable jobs names one: the bytes of its id.
inline std::string_view durable_member(const JobId& job) {
  return {reinterpret_cast<const char*>(job.bytes().data()), job.bytes().size()};
}

/// The keys that each level of a queue has of its own.
struct RedisLevelKeys {
  explicit RedisLevelKeys(const std::string& stem)
      : stream{stem + "stream"},
        delayed{stem + "delayed"},
        aside{stem + "aside"},
        limited{stem + "limited"} {}

  std::string stream;   ///< ready and running jobs
  std::string delayed;  ///< sorted set: payloads by the ms since 1970 they are due
  std::string aside;    ///< set: the reasons for which jobs stand aside, but limits
  std::string limited;  ///< set: the limits for which they do

  /// The one of them that this reason is in.
  const std::string& reasons_of(std::string_view reason) const {
    return is_limit_reason(reason) ? limited : aside;
  }
  /// Sorted set: payloads that stand aside for this reason, by the ms since 1970 at which their time comes.
  std::string aside_for(std::string_view reason) const { return (reasons_of(reason) + ':').append(reason); }
};

/// The keys of one queue, those of its normal level among them.  The braces are a hash tag, by which a
/// cluster chooses the slot: there they hold that of the shard, so that all keys of all its queues are in
/// one.
struct RedisKeys : RedisLevelKeys {
  RedisKeys(const std::string& prefix, const std::string& queue)
      : RedisKeys{Stem{prefix + ":{" + queue + "}:"}} {}
  /// `tag`: of the shard of a cluster; empty: there is none.
  RedisKeys(const std::string& prefix, const std::string& tag, const std::string& queue)
      : RedisKeys{tag.empty() ? Stem{prefix + ":{" + queue + "}:"}
                              : Stem{prefix + ":{" + tag + "}:" + queue + ":", "swake"}} {}

  const RedisLevelKeys& at(Priority level) const {
    const auto i = index_of(level);
    return level == Priority::kNormal ? *this : others_.at(i < index_of(Priority::kNormal) ? i : i - 1);
  }

  std::string dead;     ///< sorted set: letters by the ms since 1970 of their death
  std::string workers;  ///< sorted set: workers by the ms since 1970 at which their lease ends
  std::string durable;  ///< set: ids, of 16 bytes, of the durable jobs that are in the keys of the levels
  std::string relay;    ///< hash: how far each source, a job table, has been read
  std::string home;  ///< hash: the databases that hold the rows of durable jobs, and the apps of its workers
  std::string declared;  ///< text, for a time: a task that is declared for the queue
  std::string paused;    ///< text, while the queue is: the ms since 1970 at which that began
  std::string worker;    ///< what workers say of themselves, each in a text of its own: see report_of
  std::string wake;      ///< pub/sub channel: a job became due before all others that wait

  /// Text, for a time: what this worker says of itself.
  std::string report_of(std::string_view id) const { return (worker + ':').append(id); }

 private:
  /// What the keys of a queue begin with, and how its channel ends: one of the slot of its name (SSUBSCRIBE)
  /// is another than one of the whole server, and scripts tell them by it.
  struct Stem {
    std::string text;
    const char* wake = "wake";
  };
  explicit RedisKeys(const Stem& stem)
      : RedisLevelKeys{stem.text},
        dead{stem.text + "dead"},
        workers{stem.text + "workers"},
        durable{stem.text + "durable"},
        relay{stem.text + "relay"},
        home{stem.text + "home"},
        declared{stem.text + "declared"},
        paused{stem.text + "paused"},
        worker{stem.text + "worker"},
        wake{stem.text + stem.wake},
        others_{of(stem.text, Priority::kCritical), of(stem.text, Priority::kHigh),
                of(stem.text, Priority::kLow)} {}

  static RedisLevelKeys of(const std::string& stem, Priority level) {
    return RedisLevelKeys{(stem + std::string{name_of(level)}) + ':'};
  }

  std::array<RedisLevelKeys, kLevels - 1> others_;
};

}  // namespace aftercommit
