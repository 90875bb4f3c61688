/// Names an exception that nobody catches, where the C++ library would write to standard error and wait for
/// it.
#pragma once

#include <string>

#include "worker/watch/running_slots.hpp"

namespace aftercommit::worker {

/// The type of what was thrown, and what it says if it is a std::exception: its first line, of the library's
/// errors all.  In one line.  Within a handler.
std::string what_was_thrown();

/// For the rest of this process.  `slots`: null where nobody watches it; else not owned, as long as the
/// process. Until started() it is a sentence, `cannot` and what was thrown, and exit code 2; after that its
/// type is the reason of the crash.  `say_why`: false where the sentence has been said.
void name_what_nobody_catches(ChildSlots* slots, std::string cannot, bool say_why);
/// Nothing that is thrown now is for the one who starts the worker to mend.
void started() noexcept;

}  // namespace aftercommit::worker
