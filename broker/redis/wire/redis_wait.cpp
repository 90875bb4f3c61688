/// Waits with poll(); a signal that interrupts it changes nothing.
#include "broker/redis/wire/redis_wait.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <system_error>

namespace aftercommit {

void raise_socket_error(int error) { throw SocketError{std::generic_category().message(error)}; }

bool wait_for_socket(int fd, short events, Deadline deadline) {
  using std::chrono::milliseconds;
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    const auto timeout = std::clamp<milliseconds::rep>(left, 0, std::numeric_limits<int>::max());
    pollfd waiting{fd, events, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(timeout));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) raise_socket_error(errno);
  }
}

}  // namespace aftercommit
