/// Which shard a role is about, of several.
#pragma once

#include <cstddef>
#include <string_view>

namespace aftercommit::worker {

struct OfShard {
  std::size_t number = 0;
  std::string_view called = "the broker";  ///< for the log; lives as long as the process
};

}  // namespace aftercommit::worker
