/// How urgent a job is among those of its queue.
#pragma once

#include <cstdint>

namespace aftercommit {

/// Four levels.  Where jobs of several wait in a queue each has a share of what workers fetch, so that none
/// starves: 8, 4, 2 and 1 of 15; what a level does not use goes to the most urgent one that has jobs.  Within
/// a level the first comes first.  A job keeps its level through countdowns, retries and crashes.
enum class Priority : std::uint8_t {
  kCritical,  ///< 0 in the envelope, and for SQL
  kHigh,      ///< 1
  kNormal,    ///< 2, the default
  kLow,       ///< 3
};

}  // namespace aftercommit
