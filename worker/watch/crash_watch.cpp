#include "worker/watch/crash_watch.hpp"

#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <system_error>

#include "aftercommit/log.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kStackBytes = std::size_t{64} * 1024;

// What a signal handler reads; constant while there are threads.
pid_t watched_process = 0;  // a task may fork: a copy of us that crashes is another matter
pid_t main_thread = 0;
int canary = -1;         // a file that nobody uses: it is there as long as nobody closes what is not his
ino_t canary_inode = 0;  // its own: the number may be another file's by now
ChildSlots* slots_of_process = nullptr;
thread_local RunningSlot* slot_of_thread = nullptr;

void blame_this_thread() noexcept {
  if (slot_of_thread != nullptr && ::getpid() == watched_process) slot_of_thread->blame();
}

ino_t inode_of(int file) noexcept {
  struct stat status {};
  return ::fstat(file, &status) == 0 ? status.st_ino : 0;
}

/// Then the signal takes its usual course, by which it ends the process and leaves its core: the instruction
/// fails again, abort() raises it again.
void on_crash(int signal, ::siginfo_t* info, void* /*context*/) noexcept {
  const bool from_outside = info->si_code == SI_USER || info->si_code == SI_QUEUE;
  if (!from_outside) blame_this_thread();
  if (info->si_code <= 0) ::raise(signal);  // sent, not caused: it would not come again
}

void on_exit_call(int status, void* /*argument*/) {
  if (::getpid() != watched_process || ::gettid() == main_thread) return;
  blame_this_thread();
  ::_exit(status);
}

}  // namespace

void watch_for_crashes(ChildSlots& slots) {
  slots_of_process = &slots;
  watched_process = ::getpid();
  main_thread = ::gettid();
  canary = ::memfd_create("canary", MFD_CLOEXEC);
  if (canary < 0) throw std::system_error{errno, std::generic_category(), "cannot have a file to watch"};
  canary_inode = inode_of(canary);
  ::on_exit(on_exit_call, nullptr);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_DFL) continue;  // the application's own, or a sanitizer's
    struct sigaction ours {};
    ours.sa_sigaction = on_crash;
    ours.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESETHAND | SA_NODEFER;
    ::sigaction(signal, &ours, nullptr);
  }
}

void check_files() {
  if (canary < 0 || inode_of(canary) == canary_inode) return;
  if (::getpid() != watched_process) ::_exit(kExitInternal);  // a child's own files
  // Who was it?  Whatever runs now may be to blame.
  slots_of_process->set_reason("a task closed the files of the process");
  log(LogLevel::kError, "a task has closed the files of this process, which ends at once");
  ::_exit(kExitInternal);
}

FileWatch::~FileWatch() {
  if (std::chrono::steady_clock::now() - began_ >= harmless_) check_files();
}

CrashWatch::CrashWatch(RunningSlot& slot) {
  slot_of_thread = &slot;
  ::stack_t given{};
  ::sigaltstack(nullptr, &given);
  if ((given.ss_flags & SS_DISABLE) == 0) return;
  stack_ = std::make_unique<std::byte[]>(kStackBytes);
  const ::stack_t stack{.ss_sp = stack_.get(), .ss_flags = 0, .ss_size = kStackBytes};
  ::sigaltstack(&stack, nullptr);
}

CrashWatch::~CrashWatch() {
  slot_of_thread = nullptr;
  if (!stack_) return;
  const ::stack_t none{.ss_sp = nullptr, .ss_flags = SS_DISABLE, .ss_size = 0};
  ::sigaltstack(&none, nullptr);
}

}  // namespace aftercommit::worker
