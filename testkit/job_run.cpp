/// What a run of a job says.
#include <array>

#include "aftercommit/testing_running.hpp"
#include "base/in_seconds.hpp"

namespace aftercommit::testing {

std::string_view to_string(Ended ended) noexcept {
  constexpr std::array<std::string_view, 8> kWords{"done",    "retried",   "snoozed", "dead",
                                                   "expired", "cancelled", "skipped", "put off"};
  return kWords.at(static_cast<std::size_t>(ended));
}

std::string JobRun::text() const {
  auto text = "attempt " + std::to_string(attempt) + " of '" + task + "': " + std::string{to_string(ended)};
  if (ended == Ended::kRetried || ended == Ended::kSnoozed) text += " in " + in_seconds(countdown) + " s";
  if (!error_type.empty()) text += ": " + error_type;
  if (!error.empty()) text += ": " + error;
  return text;
}

}  // namespace aftercommit::testing
