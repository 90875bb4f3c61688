#include "cli/words.hpp"

#include <cmath>
#include <cstdint>

#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {

std::string value_of(const cxxopts::ParseResult& parsed, const std::string& option) {
  return parsed.count(option) > 0 ? parsed[option].as<std::string>() : std::string{};
}

std::string in_quotes(std::string_view text) {
  return "'" + (may_hold_secret(text) ? "***" : one_line(text, 60)) + "'";
}

std::chrono::milliseconds length_of_time(const std::string& option, std::string_view text) {
  constexpr double kLongest = 100.0 * 366 * 86'400;  // a hundred years
  auto digits = text;
  double unit = 1;
  if (!digits.empty()) {
    const auto last = digits.back();
    unit = last == 'm' ? 60 : last == 'h' ? 3600 : last == 'd' ? 86'400 : 1;
    if (last == 's' || unit != 1) digits.remove_suffix(1);
  }
  double value = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  const bool whole = error == std::errc{} && end == digits.data() + digits.size();
  if (!whole || !(value >= 0 && value * unit <= kLongest)) {
    throw UsageError{"--" + option + " takes a length of time such as 90s, 15m, 36h or 7d, not " +
                     in_quotes(text)};
  }
  return std::chrono::milliseconds{std::llround(value * unit * 1000)};
}

void refuse_argument(const std::string& argument, std::string_view command) {
  if (may_hold_secret(argument)) {
    throw UsageError{"unexpected URL: put --redis or --database before it; see aftercommit " +
                     std::string{command} + " --help"};
  }
  throw UsageError{"unexpected argument " + in_quotes(argument) + "; see aftercommit " +
                   std::string{command} + " --help"};
}

void check_name(const char* option, const std::string& name) {
  if (name.empty() || valid_name(name)) return;
  throw UsageError{std::string{"--"} + option + ": " + in_quotes(name) +
                   " is not a name (1 to 64 of a-z A-Z 0-9 _ . -)"};
}

}  // namespace aftercommit::cli
