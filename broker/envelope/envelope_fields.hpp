/// All fields of a job, in the order in which they are written.  docs/wire-format.md says what each means,
/// and a test holds its tables against these.
#pragma once

#include <array>
#include <chrono>
#include <limits>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "broker/envelope/envelope.hpp"
#include "broker/envelope/field.hpp"

namespace aftercommit::fields {

inline constexpr std::array<std::pair<Backoff::Kind, std::string_view>, 2> kBackoffKinds{{
    {Backoff::Kind::kFixed, "fixed"},
    {Backoff::Kind::kExponential, "exponential"},
}};

inline constexpr std::tuple kBackoff{
    Field{"kind", &Backoff::kind, Word{kBackoffKinds, "the text 'fixed' or 'exponential'"},
          Presence::kRequired},
    Field{"base_ms", &Backoff::base, Wait{}, Presence::kRequired},
    Field{"factor", &Backoff::factor,
          Number{1, std::numeric_limits<double>::max(), "a finite number, 1 or more"}, Presence::kDefaulted},
    Field{"cap_ms", &Backoff::cap, Wait{}, Presence::kDefaulted},
    Field{"jitter", &Backoff::jitter, Number{0, 1, "a number from 0 to 1"}, Presence::kDefaulted},
    Field{"floor_ms", &Backoff::floor, Wait{std::chrono::milliseconds{0}}},
};

inline constexpr std::tuple kAttemptError{
    Field{"attempt", &AttemptError::attempt, Whole{1, kMaxAttempts}, Presence::kRequired},
    Field{"at", &AttemptError::at, Time{}, Presence::kRequired},
    Field{"worker", &AttemptError::worker, Text{}, Presence::kRequired},
    Field{"error", &AttemptError::error, Text{}, Presence::kRequired},
    Field{"type", &AttemptError::type, Text{}},
    Field{"log", &AttemptError::log, Text{}},
};

/// The form of errors: an array of objects.
struct ErrorList {
  static constexpr std::string_view type() { return "array"; }
  static void write(std::string& out, std::string_view name, const std::vector<AttemptError>& errors);
  static void read(JsonFields& in, std::string_view name, std::vector<AttemptError>& errors);
};

/// A row of its own, as two members hold it: Backoff is for applications, and has no place for what is
/// unknown.
struct BackoffField {
  static constexpr std::string_view type() { return "object"; }
  static bool is_set(const Envelope& envelope) { return envelope.backoff.has_value(); }
  void write(std::string& out, const Envelope& envelope) const;
  bool read(JsonFields& in, Envelope& envelope) const;

  JsonKey key{"backoff"};
  Presence presence = Presence::kOptional;
  WrittenBy writer = WrittenBy::kProducer;
};

inline constexpr std::tuple kEnvelope{
    Version{Envelope::kVersion},
    Field{"id", &Envelope::id, Uuid{}, Presence::kRequired},
    Field{"task", &Envelope::task, Name{}, Presence::kRequired},
    Field{"args", &Envelope::args, Tree{{kArgsDepthLimit, kArgsValueLimit}, true}, Presence::kRequired},
    Field{"queue", &Envelope::queue, Name{}, Presence::kRequired},
    Field{"enqueued_at", &Envelope::enqueued_at, Time{}, Presence::kRequired},
    Field{"attempt", &Envelope::attempt, Whole{1, kMaxAttempts, 1}, Presence::kOptional, WrittenBy::kWorker},
    Field{"max_retries", &Envelope::max_retries, Whole{0, kMaxAttempts - 1}},
    BackoffField{},
    Field{"retry_for_ms", &Envelope::retry_for, Wait{}},
    Field{"expires_at", &Envelope::expires_at, Time{}},
    Field{"tick_at", &Envelope::tick_at, Time{}},
    Field{"time_limit_ms", &Envelope::time_limit, Wait{}},
    Field{"soft_time_limit_ms", &Envelope::soft_time_limit, Wait{}},
    Field{"database", &Envelope::database, Name{}},
    Field{"priority", &Envelope::priority, Level{Priority::kNormal}},
    Field{"durable", &Envelope::durable, Flag{}},
    Field{"crashes", &Envelope::crashes, Whole{0, kMaxAttempts}, Presence::kOptional, WrittenBy::kWorker},
    Field{"errors", &Envelope::errors, ErrorList{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"unknown_since", &Envelope::unknown_since, Time{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"snoozes", &Envelope::snoozes, Whole{0, kMaxAttempts}, Presence::kOptional, WrittenBy::kWorker},
    Field{"retry_until", &Envelope::retry_until, Time{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"death_cause", &Envelope::death_cause, Text{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"death_reason", &Envelope::death_reason, Text{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"death_id", &Envelope::death_id, Text{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"undo", &Envelope::undo, Flag{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"trace", &Envelope::trace, Tree{{kArgsDepthLimit, kTraceValueLimit}}},
    Field{"headers", &Envelope::headers, HeaderMap{}},
    Field{"unique", &Envelope::unique, Flag{}},
    Field{"limit_key", &Envelope::limit_key, Text{}},
    Field{"flow", &Envelope::flow, Text{}},
    Field{"limited_since", &Envelope::limited_since, Time{}, Presence::kOptional, WrittenBy::kWorker},
    Field{"limit_turn", &Envelope::limit_turn, Time{}, Presence::kOptional, WrittenBy::kWorker},
};

/// For those who read a text without a table.
template <auto kMember>
inline constexpr JsonKey kKeyOf = key_of(kMember, kEnvelope);

}  // namespace aftercommit::fields
