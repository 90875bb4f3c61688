/// Waiting for a socket within a deadline, and why one is of no use.
#pragma once

#include <chrono>
#include <string>

namespace aftercommit {

using Deadline = std::chrono::steady_clock::time_point;

/// Why the socket is of no use, as the end of a sentence: "Connection refused".
struct SocketError {
  std::string reason;
  std::string advice{};  ///< what can be done; empty: nothing that is known here
  bool lasting = false;  ///< true: it stays so until somebody changes how this or the server is set up
};

/// Throws the SocketError of an errno.
[[noreturn]] void raise_socket_error(int error);

/// True once `events` (of poll) or an error is there, false at the deadline.  Throws SocketError.
bool wait_for_socket(int fd, short events, Deadline deadline);

}  // namespace aftercommit
