/// Which jobs a call is about, as its query or its body says.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>

#include "dashboard/redaction.hpp"
#include "dashboard/request.hpp"
#include "operate/job_filter.hpp"
#include "operate/look.hpp"

namespace aftercommit::dashboard {

/// What one page may cost the servers.
inline constexpr operate::LookBounds kPageBounds{.rows = 20'000,
                                                 .statement = std::chrono::milliseconds{1000}};

/// The fields `queue`, `task`, `state`, `argument`, `error`, `older_ms`, `newer_ms` (ages) and `before_ms`
/// (since 1970).  `value` gives one, empty where it is not there.  Throws Refusal; also for a search in
/// arguments where those are hidden, as it would tell them.  `redaction` outlives the filter.
operate::JobFilter filter_of(const std::function<std::string(const char* name)>& value,
                             const Redaction& redaction);

/// `limit` of a query: 1 to 200, 50 without a word.
std::size_t limit_of(const Request& request);

}  // namespace aftercommit::dashboard
