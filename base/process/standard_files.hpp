/// Standard input, output and error, which must not become somebody else's.
#pragma once

namespace aftercommit {

/// Opens /dev/null as each of the descriptors 0, 1 and 2 that is closed.  Else what is opened next would get
/// the number: a session with a server, into which then goes whatever the program writes to standard error.
/// Thread-safe; three system calls.
void hold_standard_files() noexcept;

}  // namespace aftercommit
