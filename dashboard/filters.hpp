/// Which jobs a call is about, as its query or its body says.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dashboard/redaction.hpp"
#include "dashboard/request.hpp"
#include "operate/job_filter.hpp"
#include "operate/look.hpp"

namespace aftercommit::dashboard {

/// What one page may cost the servers.  `queues`: those of Redis, as the collector knows them.
operate::LookBounds page_bounds(std::optional<std::vector<Queue>> queues);

/// The fields `queue`, `task`, `state`, `argument`, `error`, `older_ms`, `newer_ms` (ages) and `before_ms`
/// (since 1970).  `value` gives one, empty where it is not there.  Throws Refusal; also for a search in
/// arguments where those are hidden, as it would tell them.  `redaction` outlives the filter.
operate::JobFilter filter_of(const std::function<std::string(const char* name)>& value,
                             const Redaction& redaction);

/// `queue`, `died_at_ms` (since 1970) and `after` of a query.  Throws Refusal.
operate::JobHint hint_of(const Request& request);

/// `limit` of a query: 1 to 200, 50 without a word.
std::size_t limit_of(const Request& request);

}  // namespace aftercommit::dashboard
