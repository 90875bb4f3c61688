/// How far long work has got.
#pragma once

#include <chrono>
#include <string>

#include "operate/dead_change.hpp"

namespace aftercommit::cli {

/// One line on standard error, written over again and again, once the work takes longer than a moment; gone
/// with this.  Nothing where that is no terminal.
class ProgressLine {
 public:
  /// `done`: "retried", "deleted".
  explicit ProgressLine(std::string done);
  ~ProgressLine();
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;

  void show(const operate::ChangeProgress& progress);

 private:
  using Clock = std::chrono::steady_clock;

  const std::string done_;
  const bool on_terminal_;
  const Clock::time_point begun_ = Clock::now();
  Clock::time_point shown_at_ = begun_;
  bool shown_ = false;
};

}  // namespace aftercommit::cli
