#include "operate/job_filter.hpp"

#include <algorithm>
#include <array>

namespace aftercommit::operate {
namespace {

constexpr std::array<std::string_view, 7> kStandingWords{"ready", "delayed", "running", "retrying",
                                                         "aside", "paused",  "dead"};

bool holds(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

bool is_alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

}  // namespace

std::string_view word(JobStanding standing) noexcept {
  return kStandingWords.at(static_cast<std::size_t>(standing));
}

std::optional<JobStanding> standing_of(std::string_view word) noexcept {
  const auto found = std::ranges::find(kStandingWords, word);
  if (found == kStandingWords.end()) return std::nullopt;
  return static_cast<JobStanding>(found - kStandingWords.begin());
}

bool JobFilter::matches_text(const Envelope& job, std::string_view reason) const {
  if (!task.empty() && job.task != task) return false;
  if (!argument.empty()) {
    const auto args = searched_args ? searched_args(job)
                                    : job.args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (!holds(args, argument)) return false;
  }
  return error.empty() || holds(reason, error) || std::ranges::any_of(job.errors, [&](const auto& one) {
           return holds(one.error, error) || holds(one.type, error);
         });
}

/// Whoever wrote the job may have put spaces where we put none, and escapes where we need none.
std::string JobFilter::argument_in_sql() const {
  const bool plain = std::ranges::all_of(argument, [](char c) {
    return is_alphanumeric(c) || c == '_' || c == '@' || c == '.' || c == '+' || c == '-';
  });
  return plain ? argument : std::string{};
}

/// Workers write errors, and all of them alike.
std::string JobFilter::error_in_sql() const {
  const bool plain = std::ranges::all_of(
      error, [](char c) { return c >= ' ' && c < 0x7F && c != '"' && c != '\\' && c != '/'; });
  return plain ? error : std::string{};
}

}  // namespace aftercommit::operate
