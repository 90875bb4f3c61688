/// Dead jobs to look at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
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
  Answers answers{};
};

/// The newest `limit` of them, wherever they are kept; those behind a page before where `after` is its
/// `next`. Where a text has to be looked for in every letter a page may be short, as it has looked at enough:
/// `bounds` holds for each place that keeps some.  Throws as Servers::look_at_each(); UsageError for an
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

}  // namespace aftercommit::operate
