/// Ends the child that a task has forked, where it would go on as a second worker.
#pragma once

#include <exception>

#include "base/process/forks.hpp"

namespace aftercommit::worker {

/// For as long as a task or its hooks run: a child that leaves them, by return or exception, ends at once,
/// with exit code 0 or 1.  It has the parent's connections and jobs, and nothing of it may reach those.
class ForkWatch {
 public:
  ForkWatch() = default;
  ~ForkWatch() {
    if (detail::forks() != forks_) end_child(std::uncaught_exceptions() > exceptions_ ? 1 : 0);
  }
  ForkWatch(const ForkWatch&) = delete;
  ForkWatch& operator=(const ForkWatch&) = delete;

 private:
  [[noreturn]] static void end_child(int code) noexcept;

  const unsigned forks_ = detail::forks();
  const int exceptions_ = std::uncaught_exceptions();
};

/// The same where a child calls exit(): what this process has to do then is not the child's.  Once, before
/// the executors start.
void end_children_at_exit();

}  // namespace aftercommit::worker
