/// What the oracle expects of jobs whose rate is limited.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "fault/harness/body_times.hpp"

namespace aftercommit::fault {

/// As declared.
struct RateTerms {
  int most;
  std::chrono::milliseconds per;
  int burst;
};

/// A process that did nothing for a while.
struct Freeze {
  long pid;
  long long from_ms;  ///< since 1970
  long long until_ms;
};

/// What a rate does not answer for.
struct RateExcuses {
  std::vector<long long> database_crashes{};  ///< ms since 1970; each may forget the last part of a second
  std::vector<Freeze> freezes{};              ///< who froze may begin long after it has been counted
};

/// How much later than it is counted a job's transaction may begin, on a busy machine.
inline constexpr std::chrono::milliseconds kLateBegin{1500};

/// What is wrong: the stretch of time in which most have begun beyond what is allowed, if there is one.  What
/// rolled back has counted too and is not seen, so those that are seen are rather fewer.
std::vector<std::string> judge_rate(std::vector<BodyTime> bodies, const RateTerms& terms,
                                    const RateExcuses& excuses);

}  // namespace aftercommit::fault
