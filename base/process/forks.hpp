/// Tells a process what it has inherited from the parent of a fork.
#pragma once

namespace aftercommit::detail {

/// How many forks led to this process since the first call: what was made under another count belongs to the
/// parent, which goes on using it.  Costs no system call.  Throws std::system_error if it cannot be counted,
/// at the first call alone.
unsigned forks();

}  // namespace aftercommit::detail
