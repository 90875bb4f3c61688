/// What a flow has done, and what it waits for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "operate/answers.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

enum class FlowState : std::uint8_t {
  kUnknown,  ///< no database that answers knows of it
  kGoesOn,   ///< it runs, or will as soon as a worker comes to it
  kSleeps,   ///< until FlowStory::due_at
  kWaits,    ///< for an event, or for the jobs of a step
  kRetries,  ///< its next step has failed, and is tried again at `due_at`
  kDead,
  kDone,
  kCancelled,
  kGone,     ///< it has not ended, and its job is not there any more: a dead letter was deleted
  kUndoing,  ///< it has failed for good, and what it has done is being undone
  kUndone,   ///< all of that is done: it is dead
};
std::string_view word(FlowState state) noexcept;

struct FlowStep {
  using Time = std::chrono::system_clock::time_point;
  std::string name;
  std::string kind;   ///< step, external, sleep, event, version, children, pages, failure or undo
  std::string value;  ///< JSON; empty: none; of a failure why it is undone
  int tries = 1;
  Time began_at{};
  /// Nothing: it is about to call what is outside, waits for its jobs, or has more pages.
  std::optional<Time> done_at{};
  std::optional<Time> until{};  ///< of a sleep

  bool waits_for_jobs() const { return kind == "children" && !done_at; }
  bool has_more_pages() const { return kind == "pages" && !done_at; }
  std::int64_t count_of_pages() const;  ///< of one that has more: what is done of them, rows or parts
};

struct FlowEvent {
  std::string name;
  bool given = false;                                            ///< else it is waited for
  std::optional<std::chrono::system_clock::time_point> until{};  ///< how long
};

struct FlowStory {
  std::string id;
  FlowState state = FlowState::kUnknown;
  std::string database{};  ///< the alias of the one that knows it
  std::string task{};
  std::optional<std::chrono::system_clock::time_point> began_at{}, ended_at{}, due_at{};
  std::string error{};  ///< the last one, of a step that is tried again or that it died of
  std::vector<FlowStep> steps{};
  std::vector<FlowEvent> events{};        ///< not taken yet
  std::vector<std::string> undos_left{};  ///< of one that has failed, in their order
  /// Of one that is another one again: which, from which step, who wanted it so (as the command or the
  /// dashboard says, and the role of the database), and why.
  struct Again {
    std::string of, from, by, role, note;
  };
  std::optional<Again> again{};
  std::vector<std::string> again_as{};  ///< ids of those that are this one again
  Answers answers{};
};

/// A few rows by their keys from each database.  Throws as Servers::look_at_each().
FlowStory find_flow(Servers& servers, const JobId& id);

/// `values`: with what its steps have returned, and its events were.
Json in_json(const FlowStory& story, bool values);

}  // namespace aftercommit::operate
