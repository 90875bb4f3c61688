/// Which of the durable jobs of a table belong to one shard.
#pragma once

#include <functional>
#include <string>

#include "aftercommit/job_id.hpp"

namespace aftercommit {

struct ShardShare {
  /// Names the shards among which jobs are shared out: another word for others.  Empty: there is one.
  std::string among{};
  std::function<bool(const JobId& job)> takes{};  ///< null: all of them

  bool has(const JobId& job) const { return !takes || takes(job); }
};

}  // namespace aftercommit
