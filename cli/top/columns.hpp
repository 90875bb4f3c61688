/// Text of a fixed width, counted in characters, for the tables of `top`.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "operate/glance.hpp"

namespace aftercommit::cli {

/// Its first characters, the last of them a '+' where more would follow.
std::string cut(std::string_view text, std::size_t width);

/// Cut or filled with spaces: at its left end, at its right end.
std::string left(std::string_view text, std::size_t width);
std::string right(std::string_view text, std::size_t width);

/// "1234", "99k", "12M": in four characters or five.
std::string brief(std::int64_t number);

/// The same with a '~' before an estimate and a '+' after what is at least so many.
std::string brief(const operate::Sized& number);

/// "-" where it is not known, as with the next.
std::string brief(const std::optional<double>& rate);
std::string brief(const std::optional<std::chrono::milliseconds>& age);

}  // namespace aftercommit::cli
