/// What a text is read as, for tests of the wire format.
#pragma once

#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "aftercommit/delivery.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit {

inline constexpr std::size_t kLimit = defaults::kPayloadLimit;
inline const std::chrono::system_clock::time_point kTime{std::chrono::milliseconds{1'700'000'000'123}};

/// The reason if `text` is malformed; empty if it is an envelope.
inline std::string flaw(std::string_view text, std::size_t limit = kLimit) {
  const auto result = decode(text, limit);
  const auto* const malformed = std::get_if<Malformed>(&result);
  if (malformed && malformed->reason.empty()) return "a reason without words";
  return malformed ? malformed->reason : "";
}

inline Envelope read(std::string_view text) {
  auto result = decode(text, kLimit);
  if (const auto* malformed = std::get_if<Malformed>(&result)) throw std::runtime_error{malformed->reason};
  return std::get<Envelope>(std::move(result));
}

}  // namespace aftercommit
