/// Databases that do not serve: said once for each outage, not once for each job.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <string>

namespace aftercommit::worker {

/// Thread-safe.
class Outages {
 public:
  /// A job could not be run because of its database.  Logs the first of a row, then waits a moment at random,
  /// so that jobs are not put off as fast as they come.
  void met(const std::string& database, const std::string& error);
  /// A job could; logs the end of an outage, if there was one.
  void over(const std::string& database);

 private:
  std::mutex mutex_;  // protects since_
  std::map<std::string, std::chrono::steady_clock::time_point> since_;
};

}  // namespace aftercommit::worker
