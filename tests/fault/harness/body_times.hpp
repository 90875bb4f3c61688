/// When bodies ran that have committed.
#pragma once

#include <string>
#include <vector>

namespace aftercommit::fault {

/// By the clock of the database, in microseconds since 1970; within the transaction of the job.
struct BodyTime {
  std::string job;
  std::string key;
  long pid = 0;
  long long claimed_us = 0;  ///< when its transaction began
  long long begun_us = 0;
  long long ended_us = 0;
};

/// A sentence for each that began before another one of its key had ended.
std::vector<std::string> find_overlaps(std::vector<BodyTime> bodies);

}  // namespace aftercommit::fault
