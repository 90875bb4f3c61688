/// The clocks of the servers, against that of this machine.
#include "base/in_seconds.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;

constexpr auto kNoticed = 1s;
constexpr auto kTooMuch = 60s;

std::string in_words(milliseconds ahead) {
  const auto size = ahead < 0ms ? -ahead : ahead;
  return in_seconds(size) + " s " + (ahead < 0ms ? "behind" : "ahead");
}

}  // namespace

void look_at_clock(std::optional<milliseconds> ahead, milliseconds within, Notes& notes) {
  if (!ahead) {
    notes.not_told("clock", "it does not tell its time", "Compare it by hand.");
    return;
  }
  notes.fact("clock", in_words(*ahead) + " (within " + in_seconds(within) + " s)");
  const auto size = (*ahead < 0ms ? -*ahead : *ahead) - within;  // what is sure
  if (size < kNoticed) return;
  notes.found(
      size < kTooMuch ? Severity::kWarning : Severity::kDanger, "clock", in_words(*ahead),
      "Jobs with an eta start so much too early or late, and jobs that expire are dropped too soon or "
      "too late.",
      "Let chrony or systemd-timesyncd set the clocks of both machines.");
}

}  // namespace aftercommit::operate
