/// What is kept of a job that will not run again by itself: JSON, described in docs/wire-format.md.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "broker/envelope/envelope.hpp"

namespace aftercommit {

/// Why a job died.
struct DeadLetter {
  enum class Cause : std::uint8_t {
    kRetriesExhausted,  ///< the last attempt allowed has failed
    kRejected,          ///< the task threw Reject
    kMalformed,         ///< not an envelope, or arguments that do not convert
    kUnknownTask,       ///< no worker knew the task for as long as unknown tasks may wait
    kCrashed,           ///< the worker process died each time it ran the job
  };

  Cause cause = Cause::kRetriesExhausted;
  std::string reason;  ///< one sentence; encode cleans it and cuts it to kErrorTextLimit bytes
  std::string worker;  ///< who buried it
  std::chrono::system_clock::time_point at{};
  std::string entry;              ///< the hand-over that ended so; makes each letter unique
  std::string raw;                ///< the payload as it was received, byte for byte
  std::optional<Envelope> job{};  ///< with all its errors, where the payload can be read
};

/// JSON in one line.  `raw` is kept only where `job` is empty; bytes that are not UTF-8 travel as base64.
/// Throws PayloadError where `job` cannot be encoded, which one that decode gave always can.
std::string encode(const DeadLetter& letter);

/// Reads what encode wrote, as strictly as decode.  Never throws for bad input.
std::variant<DeadLetter, Malformed> decode_dead_letter(std::string_view text);

/// A dead job as it runs again: with its errors, at its first attempt.
Envelope revived(Envelope job);

/// "retries_exhausted" and so on: the word used in JSON and logs.
std::string_view to_string(DeadLetter::Cause cause) noexcept;

}  // namespace aftercommit
