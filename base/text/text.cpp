/// The UTF-8 rules behind clean_text, and the rule of names.
#include "base/text/text.hpp"

#include <algorithm>
#include <array>

namespace aftercommit {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD

unsigned byte_at(std::string_view text, std::size_t index) noexcept {
  return index < text.size() ? static_cast<unsigned char>(text[index]) : 0U;
}

bool is_between(unsigned byte, unsigned low, unsigned high) noexcept { return byte >= low && byte <= high; }

bool is_tail(std::string_view text, std::size_t index) noexcept {
  return is_between(byte_at(text, index), 0x80, 0xBF);
}

}  // namespace

std::size_t utf8_length(std::string_view text) noexcept {
  if (text.empty()) return 0;
  const unsigned lead = byte_at(text, 0);
  const unsigned second = byte_at(text, 1);
  if (lead < 0x80) return 1;
  if (is_between(lead, 0xC2, 0xDF)) return is_tail(text, 1) ? 2 : 0;
  if (is_between(lead, 0xE0, 0xEF)) {
    // After E0 a low second byte would be overlong; after ED a high one makes a surrogate.
    const bool fits = is_between(second, lead == 0xE0 ? 0xA0 : 0x80, lead == 0xED ? 0x9F : 0xBF);
    return fits && is_tail(text, 2) ? 3 : 0;
  }
  if (is_between(lead, 0xF0, 0xF4)) {
    // After F0 a low second byte would be overlong; after F4 a high one is beyond U+10FFFF.
    const bool fits = is_between(second, lead == 0xF0 ? 0x90 : 0x80, lead == 0xF4 ? 0x8F : 0xBF);
    return fits && is_tail(text, 2) && is_tail(text, 3) ? 4 : 0;
  }
  return 0;
}

bool valid_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

bool is_control(std::string_view character) noexcept {
  const unsigned lead = byte_at(character, 0);
  return lead < 0x20 || lead == 0x7F || (lead == 0xC2 && byte_at(character, 1) < 0xA0);
}

std::string clean_text(std::string_view text, std::size_t limit) {
  std::string clean;
  clean.reserve(std::min(text.size(), limit));
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    std::string_view character = text.substr(0, length);
    const bool shown = length > 0 && (!is_control(character) || character == "\n" || character == "\t");
    if (!shown) character = kReplacement;
    if (clean.size() + character.size() > limit) break;
    clean += character;
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return clean;
}

std::string in_one_line(std::string_view text, std::size_t limit) {
  auto line = clean_text(text, limit);
  std::ranges::replace_if(
      line, [](char c) { return c == '\n' || c == '\t'; }, ' ');
  return line;
}

bool valid_name(std::string_view name) noexcept {
  // Not isalnum(): that asks the locale.
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !name.empty() && name.size() <= kNameLimit && std::ranges::all_of(name, allowed);
}

bool begins_with_quote(std::string_view text) noexcept {
  constexpr std::array<std::string_view, 5> kQuotes{"\"", "'", "`", "\u201C", "\u2018"};
  return std::ranges::any_of(kQuotes, [&](std::string_view quote) { return text.starts_with(quote); });
}

}  // namespace aftercommit
