#include "broker/envelope/trace_field.hpp"

#include <string>

namespace aftercommit {
namespace {

using nlohmann::json;

constexpr const char* kTraceparent = "traceparent";
constexpr const char* kTracestate = "tracestate";

/// Empty where there is none.
std::string text_in(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

}  // namespace

json trace_field(const TraceContext& context) {
  json field{{kTraceparent, context.traceparent()}};
  if (!context.tracestate().empty()) field[kTracestate] = context.tracestate();
  return field;
}

std::optional<TraceContext> trace_of(const Envelope& job) {
  if (!job.trace.is_object()) return std::nullopt;
  return TraceContext::parse(text_in(job.trace, kTraceparent), text_in(job.trace, kTracestate));
}

}  // namespace aftercommit
