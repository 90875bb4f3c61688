#include "worker/watch/fork_watch.hpp"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace aftercommit::worker {
namespace {

pid_t worker_process = 0;  // constant while there are threads

void on_exit_of_child(int status, void* /*argument*/) {
  if (::getpid() == worker_process) return;
  std::fflush(stdout);  // what the child has printed, as exit() would
  ::_exit(status);
}

}  // namespace

void ForkWatch::end_child(int code) noexcept { ::_exit(code); }

void end_children_at_exit() {
  worker_process = ::getpid();
  ::on_exit(on_exit_of_child, nullptr);
}

}  // namespace aftercommit::worker
