#include "worker/metrics/health.hpp"

#include <algorithm>
#include <cstddef>

namespace aftercommit::worker {
namespace {

/// A process shows itself once a second.  It is not ready when it has been silent for so long ...
constexpr std::int64_t kSilentMs = 10'000;
/// ... and lost for so long, which a machine that swaps does not reach.
constexpr std::int64_t kLostMs = 60'000;

std::int64_t silence(const ProcessBlock& process, std::int64_t now_ms) {
  return now_ms - process.health.beat_ms.load();
}

/// Empty: nothing is in its way.
std::string why_not(const ProcessBlock& process, std::int64_t now_ms) {
  switch (process.health.state.load()) {
    case ProcessState::kAbsent:
    case ProcessState::kStarting:
      return "it starts";
    case ProcessState::kStopping:
      return "it stops";
    case ProcessState::kServing:
      break;
  }
  if (const auto ms = silence(process, now_ms); ms > kSilentMs)
    return "it has shown no sign of life for " + std::to_string(ms / 1000) + " s";
  std::string why;
  const auto troubles = process.health.troubles.load();
  for (std::size_t i = 0; i < kTroubleNames.size(); ++i) {
    if ((troubles >> i & 1U) == 0) continue;
    why += (why.empty() ? "" : "; ") + std::string{kTroubleNames[i]};
  }
  return why;
}

void add_line(std::string& text, std::size_t number, const std::string& why) {
  text += "process " + std::to_string(number + 1) + ": " + why + '\n';
}

}  // namespace

Verdict livez(const std::vector<const ProcessBlock*>& processes, std::int64_t now_ms) {
  Verdict verdict{.good = true, .text = {}};
  for (std::size_t i = 0; i < processes.size(); ++i) {
    if (processes[i]->health.state != ProcessState::kServing) continue;
    const auto ms = silence(*processes[i], now_ms);
    if (ms <= kLostMs) continue;
    verdict.good = false;
    add_line(verdict.text, i, "it has shown no sign of life for " + std::to_string(ms / 1000) + " s");
  }
  if (verdict.text.empty()) verdict.text = "ok\n";
  return verdict;
}

Verdict readyz(const std::vector<const ProcessBlock*>& processes, std::int64_t now_ms) {
  Verdict verdict;
  for (std::size_t i = 0; i < processes.size(); ++i) {
    const auto why = why_not(*processes[i], now_ms);
    verdict.good = verdict.good || why.empty();
    if (!why.empty()) add_line(verdict.text, i, why);
  }
  if (verdict.text.empty()) verdict.text = "ok\n";
  return verdict;
}

bool consumes(const ProcessBlock& process, std::int64_t now_ms) { return why_not(process, now_ms).empty(); }

}  // namespace aftercommit::worker
