/// The arguments of a command, as others see them.
#pragma once

namespace aftercommit {

/// Overwrites, where `ps` and /proc read them, the arguments that may hold a password: from now on they show
/// "***".  Children that are forked afterwards show the same.  Only what the system gave to this process is
/// touched: arguments that the program has made itself stay.  For the start of main(), once they were read.
void hide_secret_arguments(int argc, const char* const* argv) noexcept;

}  // namespace aftercommit
