/// Dead jobs of a job table, a slice at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operate/dead_job.hpp"
#include "operate/job_filter.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Among all dead jobs, wherever they are kept, the newest first: when it died, to the microsecond, then its
/// id or handle, as text.
struct DeathPlace {
  std::chrono::system_clock::time_point died_at{};
  std::string id{};

  std::string str() const;  ///< "1795263818567000:01a1fe0f-..."
  /// UsageError for what str() did not give.
  static DeathPlace parse(std::string_view text);
  /// Whether this one is listed before the other.
  bool is_newer_than(const DeathPlace& other) const noexcept {
    return died_at != other.died_at ? died_at > other.died_at : id > other.id;
  }
};
DeathPlace place_of(const DeadJob& dead);

struct LetterSlice {
  std::vector<DeadJob> dead{};
  std::size_t looked_at = 0;
  std::optional<DeathPlace> next{};  ///< where it has stopped; nothing: that was all
};

struct LettersWanted {
  const JobFilter& filter;  ///< not owned
  std::size_t look_at = 200;
  std::size_t most = 100;
  bool without_letters = false;  ///< the ids and queues are enough
  std::chrono::milliseconds longest{2000};
};

/// By one statement.  What it gives may hold a text elsewhere than where the filter looks for it.
LetterSlice find_letters(const Store& store, const LettersWanted& wanted,
                         const std::optional<DeathPlace>& after);

/// As the filter has it, but for the time; one that cannot be read has no task and no arguments.
bool matches_text(const JobFilter& filter, const DeadJob& dead);

}  // namespace aftercommit::operate
