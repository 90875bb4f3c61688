/// The memory in which the processes of a worker count, and whose turn it is to show it.
#pragma once

#include <cstddef>
#include <vector>

#include "worker/metrics/process_block.hpp"

namespace aftercommit::worker {

/// Made before the first process, shared with each that is forked.  Counts go on where a process is replaced:
/// for who reads them a worker is one thing, whatever becomes of its parts.
class SharedBlocks {
 public:
  /// Throws std::system_error if there is no memory.
  explicit SharedBlocks(std::size_t processes);
  /// What they count in stays until the end of the process: what is destroyed after main() still adds to it.
  ~SharedBlocks();
  SharedBlocks(const SharedBlocks&) = delete;
  SharedBlocks& operator=(const SharedBlocks&) = delete;

  ProcessBlock& of(std::size_t process) { return *blocks_.at(process); }
  std::vector<const ProcessBlock*> all() const { return {blocks_.begin(), blocks_.end()}; }

  /// True if the calling process is the one that serves from now on, until it ends: one of all at a time.
  bool take_turn() const noexcept;

 private:
  std::vector<ProcessBlock*> blocks_;
  int turn_ = -1;  // a file without a name, which a process locks
};

}  // namespace aftercommit::worker
