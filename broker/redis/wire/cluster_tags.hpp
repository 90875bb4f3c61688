/// The hash tags of the shards of a cluster, and the slots of keys.
#pragma once

#include <string>
#include <string_view>

namespace aftercommit {

inline constexpr unsigned kClusterSlots = 16384;
inline constexpr unsigned kMostClusterShards = 48;
inline constexpr unsigned kUsualClusterShards =
    6;  ///< where a URL says nothing: as many for 1, 2, 3 and 6 masters

/// The slot of all keys with this hash tag, as CLUSTER KEYSLOT answers.
unsigned cluster_slot(std::string_view hash_tag) noexcept;

/// The hash tag of a shard, counted from 0: "0.17".  It is the same in all programs and releases, and however
/// many shards there are; the slots of those up to any number lie evenly over all (docs/wire-format.md).
std::string cluster_tag(unsigned shard);

}  // namespace aftercommit
