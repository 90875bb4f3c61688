/// The words of a command line: read, and complained of.
#pragma once

#include <charconv>
#include <chrono>
#include <cxxopts.hpp>
#include <string>
#include <string_view>
#include <system_error>

#include "aftercommit/error.hpp"

namespace aftercommit::cli {

/// Empty where it was not given.
std::string value_of(const cxxopts::ParseResult& parsed, const std::string& option);

/// For a sentence; what may be a password is not quoted.
std::string in_quotes(std::string_view text);

/// UsageError unless it is a number in this range.
template <class Number>
Number number(const std::string& option, std::string_view text, Number least, Number most,
              std::string_view most_text) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool in_range = value >= least && value <= most;  // a NaN is not
  if (error != std::errc{} || end != text.data() + text.size() || !in_range) {
    throw UsageError{"--" + option + " takes a number from " + std::to_string(static_cast<long>(least)) +
                     " to " + std::string{most_text} + ", not " + in_quotes(text)};
  }
  return value;
}

/// "90", "90s", "15m", "36h", "7d": UsageError for anything else.
std::chrono::milliseconds length_of_time(const std::string& option, std::string_view text);

/// An argument that stands where none may.  A URL is not quoted: it may hold a password.
[[noreturn]] void refuse_argument(const std::string& argument, std::string_view command);

/// UsageError for what is neither empty nor a name.
void check_name(const char* option, const std::string& name);

}  // namespace aftercommit::cli
