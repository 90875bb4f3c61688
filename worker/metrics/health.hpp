/// Whether a worker lives, and whether it does what it is there for.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "worker/metrics/process_block.hpp"

namespace aftercommit::worker {

struct Verdict {
  bool good = false;
  std::string text;  ///< a line for each process that has something to say, "ok" where none has
};

/// What is asked before a worker is started anew: false only where that would mend something, and where the
/// worker does not mend it by itself.  A server that is away is no reason, nor is a stop under way.
/// `now_ms`: of the steady clock.
Verdict livez(const std::vector<const ProcessBlock*>& processes, std::int64_t now_ms);

/// Whether at least one process takes jobs right now, or would if there were any.
Verdict readyz(const std::vector<const ProcessBlock*>& processes, std::int64_t now_ms);

/// Of one process, for its metric.
bool consumes(const ProcessBlock& process, std::int64_t now_ms);

}  // namespace aftercommit::worker
