/// Which node of a cluster is the master of which slots, as far as this process knows.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "broker/redis/wire/redis_address.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "broker/redis/wire/redis_wait.hpp"

namespace aftercommit {

struct SlotRange {
  unsigned first = 0;
  unsigned last = 0;
  RedisAddress master{};
  std::vector<RedisAddress> replicas{};
};

/// What a node says of all slots.  Throws BrokerUnavailable or BrokerRefused.
std::vector<SlotRange> ask_for_slots(const RedisUrl& node, Deadline deadline);

/// Until when one node of several is waited for: a second, as one that takes longer is frozen or as good as
/// that, but half of what is left at most, so that there is time for another one.
Deadline patience_with_node(Deadline deadline);

/// One for all sessions of a process with the same cluster.  It is asked for by whoever finds it wrong: one
/// node is asked at a time, for all who wait, and not again for a quarter of a second.  Thread-safe.
class ClusterMap : public std::enable_shared_from_this<ClusterMap> {
 public:
  /// The one of this process, which lives as long as somebody holds it.
  static std::shared_ptr<ClusterMap> of(const RedisUrl& url);

  /// False in a child of the process that made it.
  bool is_ours() const;

  /// None: not known yet, or nobody serves the slot.
  std::optional<RedisAddress> master_of(unsigned slot) const;

  /// A node has said so.  Holds until the next answer.
  void moved(unsigned slot, const RedisAddress& master);

  /// How often nodes have been asked, with whatever outcome.
  std::uint64_t rounds() const;

  struct Outcome {
    bool answered = false;
    bool refused = false;  ///< by one of them, and none answered: a matter of set-up
    std::string said{};    ///< what each said, where none answered
  };
  /// Asks one node after the other until one answers, if nobody has done so since `seen` rounds; what came of
  /// it.  Nothing did where the deadline is over first.
  Outcome refresh(std::uint64_t seen, Deadline deadline);

  /// For as long as the answer lives, the socket is shut down once `address` is no master any more: whoever
  /// waits on it learns it at once.  It must be destroyed before the socket is closed.
  std::shared_ptr<void> hold(int socket, const RedisAddress& address);

  /// Waits until somebody has asked again.
  void await_round(std::uint64_t seen, Deadline deadline) const;

 private:
  struct Held {
    int socket;
    RedisAddress address;
  };
  explicit ClusterMap(const RedisUrl& url);
  std::vector<RedisAddress> whom_to_ask() const;  // with mutex_ held, as the next
  void learn(std::vector<SlotRange> ranges, const RedisAddress& from);

  const unsigned forks_;
  const RedisUrl url_;
  mutable std::mutex mutex_;  // protects what follows
  mutable std::condition_variable changed_;
  std::vector<SlotRange> ranges_;
  std::map<unsigned, RedisAddress> moved_;
  std::list<Held> held_;
  std::map<std::string, Deadline> silent_until_;  // by address
  RedisAddress asked_{};                          // who answered the last time
  std::uint64_t rounds_ = 0;
  bool asking_ = false;
  Deadline ask_at_{};
  Outcome outcome_{};
};

}  // namespace aftercommit
