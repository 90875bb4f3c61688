/// The trace context of a job, as its field `trace` holds it.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>

#include "aftercommit/trace.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit {

/// {"traceparent": "00-...", "tracestate": "..."}
nlohmann::json trace_field(const TraceContext& context);

/// Nothing where the field is missing, or something else: it is for whoever put it there, and no error.
std::optional<TraceContext> trace_of(const Envelope& job);

}  // namespace aftercommit
