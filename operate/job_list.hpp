/// Jobs that wait or run, a page at a time.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "operate/answers.hpp"
#include "operate/job_line.hpp"
#include "operate/look.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

struct JobsAsked {
  JobFilter filter{};
  std::size_t limit = 50;
  bool oldest_first = false;  ///< of the rows of a job table
  std::string after{};        ///< JobList::next of the page before; empty: from the beginning
};

struct JobList {
  std::vector<JobLine> jobs{};
  /// Where the next page begins, good for as long as the servers are the same; empty: that was all.  There
  /// may be no more jobs behind it; and where few pass the filter a page may be short, as it has looked at
  /// enough.
  std::string next{};
  std::size_t looked_at = 0;  ///< rows and entries
  bool cut_off = false;       ///< with `next`: there was room for more, but it had looked at enough
  Answers answers{};
};

/// First the rows of the job tables, the newest first, then what Redis alone holds, queue by queue.  Of those
/// that run, or stand aside, all as Redis has them.  A page reads as much as it shows or, where a filter has
/// to look at every job, up to `bounds`; no command and no statement of it grows with the number of jobs.
/// Dead ones are not among them: newest_dead() lists those.  UsageError for a filter that asks for them, and
/// for an `after` that no list gave.  Throws as Servers::look_at_each().
JobList list_jobs(Servers& servers, const JobsAsked& asked, const LookBounds& bounds = {});

Json in_json(const JobList& list, bool args);

}  // namespace aftercommit::operate
