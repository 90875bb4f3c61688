#include "base/process/forks.hpp"

#include <pthread.h>

#include <atomic>
#include <system_error>

namespace aftercommit::detail {
namespace {

std::atomic<unsigned> count{0};

}  // namespace

unsigned forks() {
  // In a child the handler has counted before any code of ours runs.
  static const int watching = pthread_atfork(nullptr, nullptr, [] { ++count; });
  if (watching != 0) throw std::system_error{watching, std::generic_category(), "cannot watch for fork()"};
  return count.load(std::memory_order_relaxed);
}

}  // namespace aftercommit::detail
