/// The hand-overs of jobs that a process has taken from a job table by itself: each names the row.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "aftercommit/job_id.hpp"

namespace aftercommit {

inline constexpr std::string_view kRowEntry = "row/";

/// Whether `entry` is of these, and not of a broker's.
constexpr bool is_of_a_row(std::string_view entry) noexcept { return entry.starts_with(kRowEntry); }

/// The job that such an entry is about.
inline std::optional<JobId> job_of_row(std::string_view entry) {
  constexpr std::size_t kIdSize = 36;
  return is_of_a_row(entry) ? JobId::parse(entry.substr(kRowEntry.size(), kIdSize)) : std::nullopt;
}

/// `number` tells two hand-overs of a job apart; of few digits, as an entry is short (worker/watch).
inline std::string row_entry(const JobId& job, std::uint32_t number) {
  constexpr std::uint32_t kNumbers = 100'000;
  return std::string{kRowEntry} + job.str() + '/' + std::to_string(number % kNumbers);
}

}  // namespace aftercommit
