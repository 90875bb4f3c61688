/// All fields of a dead letter, in the order in which they are written; see envelope_fields.hpp.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/json/json_key.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/field.hpp"

namespace aftercommit::fields {

inline constexpr int kDeadLetterVersion = 1;

inline constexpr std::array<std::pair<DeadLetter::Cause, std::string_view>, 5> kCauses{{
    {DeadLetter::Cause::kRetriesExhausted, "retries_exhausted"},
    {DeadLetter::Cause::kRejected, "rejected"},
    {DeadLetter::Cause::kMalformed, "malformed"},
    {DeadLetter::Cause::kUnknownTask, "unknown_task"},
    {DeadLetter::Cause::kCrashed, "crashed"},
}};

inline constexpr std::tuple kDeadLetter{
    Version{kDeadLetterVersion},
    Field{"cause", &DeadLetter::cause,
          Word{kCauses, "one of retries_exhausted, rejected, malformed, unknown_task, crashed"},
          Presence::kRequired},
    Field{"reason", &DeadLetter::reason, Text{}, Presence::kRequired},
    Field{"worker", &DeadLetter::worker, Text{}, Presence::kRequired},
    Field{"at", &DeadLetter::at, Time{}, Presence::kRequired},
    Field{"entry", &DeadLetter::entry, Text{}, Presence::kRequired},
};

// Behind them stands one of these.
inline constexpr JsonKey kJob{"job"};
inline constexpr JsonKey kRaw{"raw"};
inline constexpr JsonKey kRawBase64{"raw_base64"};

}  // namespace aftercommit::fields
