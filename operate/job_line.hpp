/// A job that is not dead, as one of a list.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "broker/contract/browsing.hpp"
#include "operate/job_filter.hpp"
#include "operate/job_rows.hpp"
#include "operate/json.hpp"

namespace aftercommit::operate {

struct JobLine {
  using Time = std::chrono::system_clock::time_point;

  std::string id{};        ///< empty: what stands there could not be read as a job
  std::string database{};  ///< the alias of the one whose job table has it; empty: Redis is all that is known
  Queue queue{};
  JobStanding state = JobStanding::kReady;
  std::optional<Envelope> job{};  ///< nothing: it could not be read
  std::string flaw{};             ///< why, else
  std::optional<Time> due_at{};
  std::string worker{};                 ///< that runs it
  std::optional<Time> running_since{};  ///< begun by it, or fetched
  std::string reason{};                 ///< why it stands aside
  std::optional<bool> in_redis{};       ///< of a row, whether Redis has it yet; nothing: not known
  std::string xact{};                   ///< of a row, the transaction that it came from
};

JobLine job_line(const std::string& alias, SeenRow row);
/// `paused`: its queue is.
JobLine job_line(const Queue& queue, const JobEntry& entry, bool paused);

/// `args`: with its arguments.
Json in_json(const JobLine& line, bool args);

}  // namespace aftercommit::operate
