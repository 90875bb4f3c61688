#include "worker/metrics/shared_blocks.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <system_error>

namespace aftercommit::worker {
namespace {

constexpr std::size_t kLine = 64;  // of a cache: two processes never write to one

constexpr std::size_t kBlockBytes = (sizeof(ProcessBlock) + kLine - 1) / kLine * kLine;

[[noreturn]] void fail(const char* what, int error) {
  throw std::system_error{error, std::generic_category(), what};
}

}  // namespace

SharedBlocks::SharedBlocks(std::size_t processes) {
  turn_ = ::memfd_create("aftercommit-metrics", MFD_CLOEXEC);
  if (turn_ < 0) fail("cannot make a file in memory for the metrics", errno);
  void* const memory =
      ::mmap(nullptr, processes * kBlockBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    const int error = errno;
    ::close(turn_);
    fail("cannot share memory for the metrics with the worker processes", error);
  }
  for (std::size_t i = 0; i < processes; ++i) {
    blocks_.push_back(new (static_cast<std::byte*>(memory) + i * kBlockBytes) ProcessBlock{});
  }
}

SharedBlocks::~SharedBlocks() { ::close(turn_); }

/// A lock of the whole process, which the system gives up for it however it ends, and which children that a
/// task forks do not have.
bool SharedBlocks::take_turn() const noexcept {
  struct ::flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return ::fcntl(turn_, F_SETLK, &lock) == 0;
}

}  // namespace aftercommit::worker
