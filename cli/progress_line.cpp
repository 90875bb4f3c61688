#include "cli/progress_line.hpp"

#include <unistd.h>

#include <iostream>
#include <utility>

#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::chrono::milliseconds kBetweenLines{250};
constexpr const char* kClearLine = "\r\033[K";

}  // namespace

ProgressLine::ProgressLine(std::string done)
    : done_{std::move(done)}, on_terminal_{::isatty(STDERR_FILENO) == 1} {}

ProgressLine::~ProgressLine() {
  if (shown_) std::cerr << kClearLine << std::flush;
}

void ProgressLine::show(const operate::ChangeProgress& progress) {
  const auto now = Clock::now();
  if (!on_terminal_ || now - shown_at_ < kBetweenLines) return;
  shown_at_ = now;
  shown_ = true;
  const auto seconds = std::chrono::duration<double>(now - begun_).count();
  std::cerr << kClearLine << done_ << ' ' << progress.changed << " of " << progress.looked_at
            << " looked at, " << static_cast<long>(static_cast<double>(progress.looked_at) / seconds)
            << " a second, for " << span(std::chrono::duration_cast<std::chrono::milliseconds>(now - begun_))
            << std::flush;
}

}  // namespace aftercommit::cli
