/// Several Redis servers as one broker: which there are, and to which of them a job belongs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/contract/intake.hpp"
#include "broker/contract/shard_share.hpp"

namespace aftercommit {

/// Whether a shard answers, as far as this process knows.  Who calls all shards leaves out one that does not
/// for a while, and then asks once again.  Thread-safe, and never waits.
class ShardState;

/// One server of several, which is a broker of its own.
struct Shard {
  std::string url;
  /// "10.0.0.7:6379/0", of a cluster "cluster-0", or what `?shard=NAME` in the URL says.  Jobs go by it: a
  /// shard of another name is another one, even on the same server.  Empty: it is the only one.
  std::string name{};
  std::string_view called = "the broker";  ///< for sentences; lives as long as the process
  ShardState* state = nullptr;             ///< lives as long as the process; null: it is the only one
};

/// In the order in which they are given, by which one process numbers them; other processes may have another
/// order.  Where a job *is* decides who hands it out; where it *belongs* only where it is sent to.
class Shards {
 public:
  /// As make_broker() takes them; a cluster is as many as its URL says.  Throws ConfigError where one of
  /// several is wrong, or two have one name; a single URL is not looked at.
  explicit Shards(std::string_view urls);

  std::size_t count() const noexcept { return all_.size(); }
  bool several() const noexcept { return count() > 1; }
  const Shard& at(std::size_t number) const { return all_.at(number); }
  const std::vector<Shard>& all() const noexcept { return all_; }

  /// Where a durable job belongs.  When a shard is added or removed only those jobs change theirs that go to
  /// it, or were its own (rendezvous hashing).
  std::size_t of(const JobId& job) const noexcept;
  /// The same for a job that is nothing but its text: all shards, in the order in which it may go there.
  std::vector<std::size_t> order_of(std::string_view text) const;

  /// What of all durable jobs is this shard's.
  ShardShare share_of(std::size_t number) const;

 private:
  std::vector<Shard> all_;
  std::vector<std::uint64_t> seeds_;
  std::string among_;
};

/// What a worker fetches from this shard, and settles there: entries name the shard (ShardEntry).  `broker`:
/// that of the shard.
std::shared_ptr<Intake> intake_of_shard(std::shared_ptr<Intake> broker, std::size_t number);

/// Whoever watches a shard all the time says whether it answers: nobody else of this process asks one that
/// does not.  Without effect where `state` is null.
void tell_shard_away(ShardState* state, bool away) noexcept;
/// Whether somebody has said so.
bool shard_is_away(const ShardState* state) noexcept;

}  // namespace aftercommit
