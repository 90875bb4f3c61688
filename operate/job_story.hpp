/// Everything that is known of one job, wherever it is.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "broker/envelope/envelope.hpp"
#include "operate/answers.hpp"
#include "operate/dead_job.hpp"
#include "operate/job_filter.hpp"
#include "operate/json.hpp"
#include "operate/look.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// What has become of it.
enum class JobFate : std::uint8_t {
  kUnknown,  ///< no server that answers knows of it
  kWaiting,  ///< it will run, or runs: see JobStory::standing
  kDead,
  kCancelled,
  kDone,
};
std::string_view word(JobFate fate) noexcept;

/// One thing that has happened to it.
struct StoryLine {
  std::chrono::system_clock::time_point at{};
  std::string what;                ///< "asked for", "attempt 1 failed"
  std::string detail{};            ///< a sentence or a name; may be empty, and is foreign text
  std::string worker{};            ///< where it happened; empty: not known, or nowhere
  std::vector<std::string> log{};  ///< lines that the task has kept
};

/// Its place in Redis, where it was found.
struct RedisPlace {
  Queue queue;
  JobPart part = JobPart::kReady;
  std::string reason{};                        ///< why it stands aside
  WorkerId worker{};                           ///< that has fetched it
  std::chrono::system_clock::time_point at{};  ///< since when it is there, or when it is due
};

/// A unique key that it has, or waits for.
struct StoryMark {
  std::string database;
  bool waits = false;       ///< another job has it, and this one comes after that
  std::string other{};      ///< the id of that one, or of the one that waits for this; may be empty
  std::string given_key{};  ///< empty: it is unique by its arguments
  std::string until{};      ///< "done" or "start"
  std::optional<std::chrono::system_clock::time_point> expires_at{};
};

struct StoryProgress {
  int attempt = 1;
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: not known
  std::string note{};
  std::chrono::system_clock::time_point at{};
};

struct StoryResult {
  std::string value{};  ///< JSON
  std::chrono::system_clock::time_point stored_at{};
  std::chrono::system_clock::time_point expires_at{};
};

struct JobStory {
  std::string id;
  JobFate fate = JobFate::kUnknown;
  std::optional<JobStanding> standing{};  ///< with kWaiting
  std::string database{};                 ///< the alias of the one that knows it; empty: none does
  std::optional<Envelope> job{};          ///< as it stands now; nothing: no text of it is there any more
  std::string flaw{};                     ///< its text is there, and cannot be read: why
  Queue queue{};                          ///< empty: not known, as the next
  std::string task{};
  std::string worker{};  ///< that runs it
  std::optional<std::chrono::system_clock::time_point> running_since{}, due_at{};
  std::string asked_in{};          ///< the transaction that it came from (xid8); empty: not known
  std::string effect_in{};         ///< the transaction it took effect in (xid); empty: not known
  std::optional<bool> in_redis{};  ///< of a durable one, whether Redis has its id; nothing: not known
  std::optional<RedisPlace> place{};
  /// Redis was looked through only in part: it holds more than a look may cost.
  bool place_unsure = false;
  std::string next{};  ///< with `place_unsure`: JobHint::after of the look that goes on
  std::optional<DeadJob> dead{};
  std::string
      cancelled{};     ///< where it stood when it was cancelled, see CancelledJob::state; empty: it was not
  std::string note{};  ///< why it was
  std::optional<StoryResult> result{};
  std::optional<StoryProgress> progress{};
  std::vector<StoryMark> marks{};
  std::vector<StoryLine> lines{};  ///< the oldest first
  Answers answers{};

  /// Somebody knows of it, or has something of it.
  bool is_known() const noexcept {
    return fate != JobFate::kUnknown || job || dead || place || !cancelled.empty();
  }
};

/// A few rows by their keys from each database; and a look through Redis, up to `bounds`, for its place
/// there: where a row is known in the queue of that alone.  Throws as Servers::look_at_each(); UsageError for
/// an `after` that no story gave.
JobStory find_story(Servers& servers, const JobId& id, const LookBounds& bounds = {},
                    const JobHint& hint = {});

/// `args`: with its arguments, its headers and the value of its result.
Json in_json(const JobStory& story, bool args);

}  // namespace aftercommit::operate
