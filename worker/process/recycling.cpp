#include "worker/process/recycling.hpp"

#include <unistd.h>

#include <chrono>
#include <csignal>
#include <fstream>
#include <string>

#include "aftercommit/log.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::int64_t kBetweenLooksMs = 1000;  // at the memory: a system call or three

/// The memory of this process that is in RAM; 0 if the system does not say.
std::size_t resident_mb() {
  std::ifstream statm{"/proc/self/statm"};
  std::size_t all = 0;
  std::size_t resident = 0;  // in pages
  if (!(statm >> all >> resident)) return 0;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) / (std::size_t{1024} * 1024);
}

}  // namespace

Recycling::Recycling(const Options& options, const ChildSlots& slots)
    : max_jobs_{options.max_jobs}, max_memory_mb_{options.max_memory_mb}, slots_{slots} {}

void Recycling::check() noexcept {
  if (asked_) return;
  if (max_jobs_ > 0 && slots_.jobs_done() >= max_jobs_) return ask("--max-jobs");
  try {
    if (max_memory_mb_ > 0 && memory_due() && resident_mb() > max_memory_mb_) ask("--max-memory");
  } catch (const std::exception&) {
    // No memory to look at the memory: another look comes.
  }
}

bool Recycling::memory_due() noexcept {
  const auto now = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now().time_since_epoch())
                       .count();
  auto before = looked_at_ms_.load();
  return now - before >= kBetweenLooksMs && looked_at_ms_.compare_exchange_strong(before, now);
}

void Recycling::ask(const char* option) noexcept {
  if (asked_.exchange(true)) return;
  log(LogLevel::kInfo, "this process has reached its limit; stopping, so that another takes its place",
      {{"limit", option}});
  ::kill(::getpid(), SIGTERM);  // as anybody would: there is one way to stop
}

}  // namespace aftercommit::worker
