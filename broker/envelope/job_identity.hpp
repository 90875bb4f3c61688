/// Which job a text is about that cannot be read as one.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "aftercommit/job_id.hpp"
#include "aftercommit/priority.hpp"

namespace aftercommit {

/// What could be made out.  Nothing of it is sure: it is to be held against the job table.
struct JobIdentity {
  std::optional<JobId> id{};
  std::string queue{};     ///< empty: not found, as is the next
  std::string database{};  ///< an alias
  Priority priority = Priority::kNormal;
  bool may_be_durable = false;  ///< it says so, or breaks off before it could have said so
};

/// Reads the outermost fields of the text, as far as it is JSON at all; of any size, in constant memory.
JobIdentity identify(std::string_view text);

}  // namespace aftercommit
