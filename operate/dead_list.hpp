/// Dead jobs to look at.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "operate/answers.hpp"
#include "operate/dead_job.hpp"
#include "operate/json.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Which of them.
struct DeadFilter {
  Queue queue{};       ///< empty: any
  std::string task{};  ///< empty: any
};

struct DeadList {
  std::vector<DeadJob> jobs{};  ///< the newest first
  bool more = false;            ///< there are older ones than these
  Answers answers{};
};

/// The newest `limit` of them, wherever they are kept.  Throws as Servers::look_at_each().
DeadList newest_dead(Servers& servers, const DeadFilter& filter, std::size_t limit);

Json in_json(const DeadList& list);

struct DeadLookup {
  std::optional<DeadJob> job{};
  Answers answers{};
};

/// The one with this id, or with this handle.  Throws as Servers::look_at_each().
DeadLookup find_dead(Servers& servers, const std::string& id);

}  // namespace aftercommit::operate
