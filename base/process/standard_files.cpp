#include "base/process/standard_files.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <initializer_list>

namespace aftercommit {

void hold_standard_files() noexcept {
  for (const int file : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(file, F_GETFD) >= 0 || errno != EBADF) continue;
    int held = ::open("/dev/null", O_RDWR);
    if (held < 0) held = ::open("/", O_PATH);  // in a bare chroot; whoever uses it gets an error
    if (held > STDERR_FILENO) ::close(held);   // another thread was quicker
  }
}

}  // namespace aftercommit
