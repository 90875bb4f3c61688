/// Dead jobs to look at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operate/answers.hpp"
#include "operate/dead_job.hpp"
#include "operate/job_filter.hpp"
#include "operate/json.hpp"
#include "operate/look.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Which of them; the state says nothing here.
using DeadFilter = JobFilter;

struct DeadList {
  std::vector<DeadJob> jobs{};  ///< the newest first
  bool more = false;            ///< there are older ones than these, or nobody has looked for them yet
  std::string next{};           ///< with `more`: where the next page begins
  std::size_t looked_at = 0;    ///< rows and letters
  bool cut_off = false;         ///< with `more`: there was room for more, but it had looked at enough
  Answers answers{};
};

/// The newest `limit` of them, wherever they are kept; those behind a page before where `after` is its
/// `next`. Where a text has to be looked for in every letter a page may be short, as it has looked at enough:
/// `bounds` holds for each job table, and for all queues of Redis together, each of which gets its share.
/// Throws as Servers::look_at_each(); UsageError for an
/// `after` that no list gave.
DeadList newest_dead(Servers& servers, const DeadFilter& filter, std::size_t limit,
                     const std::string& after = {}, const LookBounds& bounds = {});

Json in_json(const DeadList& list);

struct DeadLookup {
  std::optional<DeadJob> job{};
  Answers answers{};
};

/// The one with this id, or with this handle.  Throws as Servers::look_at_each().
DeadLookup find_dead(Servers& servers, const std::string& id);

struct DeadSearch {
  DeadLookup found{};
  std::string next{};  ///< Redis was looked through in part only: JobHint::after of the next look
};

/// The same, but of the letters in Redis no more are looked at than `bounds` says, the newest first, or those
/// that had died by `hint.died_at`.
/// UsageError for an `after` that no look gave.
DeadSearch search_dead(Servers& servers, const std::string& id, const LookBounds& bounds,
                       const JobHint& hint = {});

/// Where a look through the letters of Redis goes on: "mail:1700000000000", a queue and a time of death.
struct LetterPlace {
  Queue queue;
  std::optional<DeadFilter::Time> until{};  ///< nothing: at the newest

  std::string str() const;
  static LetterPlace parse(std::string_view text);  ///< UsageError for any other text
};

}  // namespace aftercommit::operate
