/// A Redis Cluster of a test's own.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "support/servers/ask_redis.hpp"
#include "support/servers/private_redis.hpp"

namespace aftercommit::support {

/// Three masters with a third of the slots each, and a replica of each, that take one for down after two
/// seconds.  One that is killed and started again follows who has taken its place.
class ClusterSet {
 public:
  /// `options` of each node, as on redis-server's command line.  Waits until all know each other.
  explicit ClusterSet(std::vector<std::string> options = {});

  /// "redis+cluster://127.0.0.1:...,127.0.0.1:.../?shards=6", for parameters to follow.  It names the first
  /// three.
  std::string url(unsigned shards = 6, const std::string& credentials = "") const;

  /// Who is the master of this slot, as nodes say that run; throws where none does.
  PrivateRedis& master_of(unsigned slot);
  /// Another master than that one.
  PrivateRedis& other_master(const PrivateRedis& than);
  /// One command, asked of that one.
  long long ask_number(unsigned slot, const std::vector<std::string>& words) const;
  std::vector<std::string> ask_list(unsigned slot, const std::vector<std::string>& words) const;

  /// Waits until another node than this one is the master of the slot; false at the deadline.
  bool comes_to_leave(const PrivateRedis& node, unsigned slot);
  /// Has a replica take its master's place, which follows it then; false at the deadline.
  bool hands_over_to(const PrivateRedis& replica);
  /// Waits until all nodes are up, all slots have a master, and each master a replica that has all there is.
  bool comes_to_be_whole();

  /// Brings a slot to another master, as `redis-cli --cluster reshard` does.  `between` is called when half
  /// of its keys are there, and again when all are, and the slot is not yet.
  void move_slot(
      unsigned slot, PrivateRedis& to, const std::function<void()>& between = [] {});

  std::deque<PrivateRedis> nodes;  ///< at first masters, then their replicas in the same order

 private:
  struct Node;
  static std::vector<Node> view_of(const PrivateRedis& node);
  std::size_t number_of_master(unsigned slot) const;
};

}  // namespace aftercommit::support
