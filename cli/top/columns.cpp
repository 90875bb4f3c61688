#include "cli/top/columns.hpp"

#include <algorithm>
#include <cmath>

#include "base/text/text.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
    ++count;
  }
  return count;
}

}  // namespace

std::string cut(std::string_view text, std::size_t width) {
  const auto clean = in_one_line(text, 4096);
  if (characters(clean) <= width) return clean;
  std::string some;
  std::string_view rest{clean};
  for (std::size_t i = 0; i + 1 < width; ++i) {
    const auto length = std::max<std::size_t>(utf8_length(rest), 1);
    some.append(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return width > 0 ? some + "+" : some;
}

std::string left(std::string_view text, std::size_t width) {
  auto field = cut(text, width);
  return field.append(width - characters(field), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  const auto field = cut(text, width);
  return std::string(width - characters(field), ' ') + field;
}

std::string brief(std::int64_t number) {
  if (number < 100'000) return std::to_string(number);
  if (number < 10'000'000) return std::to_string(number / 1000) + "k";
  return std::to_string(number / 1'000'000) + "M";
}

std::string brief(const operate::Sized& number) {
  return (number.is_estimate ? "~" : "") + brief(number.jobs) + (number.at_least ? "+" : "");
}

std::string brief(const std::optional<double>& rate) {
  if (!rate) return "-";
  if (*rate > 0 && *rate < 9.95) {
    const auto tenths = std::lround(*rate * 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  }
  return brief(static_cast<std::int64_t>(std::llround(*rate)));
}

std::string brief(const std::optional<std::chrono::milliseconds>& age) { return age ? span(*age) : "-"; }

}  // namespace aftercommit::cli
