/// Tells objects that end with the process from others.
#pragma once

namespace aftercommit::detail {

/// Whether an object lies in the memory of the program, or of one of its libraries, that is there from its
/// start to its end: when such an object has been destroyed, the destructors of others and exit handlers
/// still run, and may use it.
bool has_static_storage(const void* object) noexcept;

}  // namespace aftercommit::detail
