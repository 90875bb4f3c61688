/// Looks for the first number that leads into the part of a shard.
#include "broker/redis/wire/cluster_tags.hpp"

#include <cstdint>

namespace aftercommit {
namespace {

/// Of the 48 parts into which the slots are cut, so that each third has shards in turn, and in it each half,
/// each quarter and so on.
unsigned part_of_shard(unsigned shard) noexcept {
  constexpr unsigned kThirds = 3;
  constexpr unsigned kBits = 4;  // 16 parts of a third
  unsigned within = 0;
  for (unsigned bit = 0, rest = shard / kThirds; bit < kBits; ++bit, rest >>= 1U)
    within = within << 1U | (rest & 1U);
  return (shard % kThirds << kBits) + within;
}

}  // namespace

unsigned cluster_slot(std::string_view hash_tag) noexcept {
  std::uint32_t crc = 0;  // CRC-16/XMODEM
  for (const char c : hash_tag) {
    crc ^= std::uint32_t{static_cast<unsigned char>(c)} << 8U;
    for (int bit = 0; bit < 8; ++bit) crc = (crc << 1U) ^ ((crc & 0x8000U) != 0 ? 0x1021U : 0U);
    crc &= 0xffffU;
  }
  return crc % kClusterSlots;
}

std::string cluster_tag(unsigned shard) {
  const auto part = part_of_shard(shard);
  for (unsigned number = 0;; ++number) {
    auto tag = std::to_string(shard) + '.' + std::to_string(number);
    if (cluster_slot(tag) * kMostClusterShards / kClusterSlots == part) return tag;
  }
}

}  // namespace aftercommit
