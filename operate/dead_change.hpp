/// What a person decides about dead jobs.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "operate/answers.hpp"
#include "operate/dead_list.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Which dead jobs are meant: those of these ids, or without any all that the filter lets through.
struct DeadSelection {
  std::vector<std::string> ids{};
  DeadFilter filter{};

  bool names_ids() const { return !ids.empty(); }
};

/// One that was meant and is dead as before.
struct DeadThatStays {
  std::string id;
  Queue queue;
  std::string obstacle;  ///< a sentence without its end
};

/// What has become of them.
struct DeadChange {
  static constexpr std::size_t kNamed = 1000;

  std::size_t changed = 0;            ///< retried or deleted, by this call; in a rehearsal: would have been
  bool rehearsed = false;             ///< nothing was changed: see ChangeOptions::rehearse
  std::size_t stays = 0;              ///< how many were meant and are dead as before
  std::vector<DeadThatStays> stay{};  ///< the first of these, kNamed at most, as they were met
  std::set<std::string> missing{};    ///< ids that no dead job has, as far as the servers have answered
  bool all_seen = true;               ///< no server is away that one of them may be kept in
  Answers answers{};
  /// Retried durable jobs that stand in the job table alone until a relay brings them to Redis: because that
  /// is away, or has still to hear from a worker how they ended before.
  std::size_t left_to_relay = 0;
  std::string outage{};      ///< how Redis is away that would have taken them; empty: it is not
  bool interrupted = false;  ///< ended by ChangeOptions::goes_on
};

/// How far a change has got, and how it is done.
struct ChangeProgress {
  std::size_t looked_at = 0;
  std::size_t changed = 0;
};
struct ChangeOptions {
  bool rehearse = false;  ///< change nothing, and say what would be
  /// Called after each batch; null: not.
  std::function<void(const ChangeProgress& progress)> progress{};
  /// Asked before each batch: false ends it there; null: to the end.
  std::function<bool()> goes_on{};
  /// The queues of Redis where they are known, as in LookBounds.
  std::optional<std::vector<Queue>> queues{};
};

/// Puts them back into their queues, at once, with their ids and a new first attempt: those of a job table in
/// batches, each in a transaction of its own, so that one that is ended midway has done a part.  A server may
/// be away: then it is done to what the others keep.  Throws as Servers::look_at_each(), and what a database
/// throws in the middle of it.
DeadChange retry_dead(Servers& servers, const DeadSelection& selection, const ChangeOptions& options = {});

/// Deletes them for good; in all else the same.
DeadChange delete_dead(Servers& servers, const DeadSelection& selection, const ChangeOptions& options = {});

/// All of it; `stay` names the first of those that `stays` counts.
Json in_json(const DeadChange& change);

}  // namespace aftercommit::operate
