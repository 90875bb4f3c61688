/// Which request a job goes back to: the trace context of the W3C, from the header of a request to the log
/// lines of a task.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace aftercommit {

/// A place in a trace, as it travels in the headers `traceparent` and `tracestate`: W3C Trace Context, the
/// recommendation of 2021 (https://www.w3.org/TR/trace-context-1/).  A value.  The library hands it on and
/// records no spans: that is for a tracer of the application's, see middleware.hpp.
class TraceContext {
 public:
  /// Nothing where `traceparent` is not valid, which is no error: who asked takes no part in a trace then.
  /// Version 00 exactly; of a later one what 00 defines.  A `tracestate` that is not valid is left away; one
  /// of more than 512 bytes loses entries from its end, those of more than 128 first.
  static std::optional<TraceContext> parse(std::string_view traceparent, std::string_view tracestate = {});
  /// The beginning of a trace, by random ids.  `sampled`: the others are asked to record their spans as well.
  static TraceContext generate(bool sampled = false);

  /// What is open in this thread: what a job that is asked for here carries.  Null where there is none.  Good
  /// until its TraceScope ends.
  static const TraceContext* current() noexcept;

  /// A new span within this one, by a random id.
  TraceContext child() const;

  std::string_view trace_id() const noexcept { return {trace_id_.data(), trace_id_.size()}; }  ///< 32 digits
  /// 16 hexadecimal digits; `parent-id` where the recommendation speaks of the header.
  std::string_view span_id() const noexcept { return {span_id_.data(), span_id_.size()}; }
  bool sampled() const noexcept { return sampled_; }

  std::string traceparent() const;  ///< "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
  const std::string& tracestate() const noexcept { return tracestate_; }  ///< empty: none

  friend bool operator==(const TraceContext&, const TraceContext&) = default;

 private:
  TraceContext() = default;

  std::array<char, 32> trace_id_{};
  std::array<char, 16> span_id_{};
  bool sampled_ = false;
  std::string tracestate_{};
};

/// From construction on, until destroyed, all jobs that this thread asks for carry the context, and its log
/// lines carry `trace_id`.  Scopes nest, the innermost counts, and one without a context hides those around
/// it.  For the stack: in the thread that made it, and ended in the reverse order.
///   const TraceScope scope{TraceContext::parse(request.get_header_value("traceparent"))};
class TraceScope {
 public:
  explicit TraceScope(std::optional<TraceContext> context) noexcept;
  ~TraceScope();
  TraceScope(const TraceScope&) = delete;
  TraceScope& operator=(const TraceScope&) = delete;

 private:
  const std::optional<TraceContext> context_;
  const TraceContext* const around_;  // of the scope around this one, which outlives it
};

}  // namespace aftercommit
