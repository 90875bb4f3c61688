#include "client/statements/ascii_json.hpp"

#include <cstdint>

#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

/// Of a character of two to four bytes.
std::uint32_t code_point(std::string_view character) {
  auto value = static_cast<unsigned char>(character[0]) & (0xFFU >> (character.size() + 1));
  for (const char c : character.substr(1)) value = value << 6U | (static_cast<unsigned char>(c) & 0x3FU);
  return value;
}

void append_escape(std::string& out, std::uint32_t utf16) {
  static constexpr char kHex[] = "0123456789abcdef";
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += kHex[utf16 >> shift & 0xFU];
}

}  // namespace

std::string ascii_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  while (!json.empty()) {
    const auto length = utf8_length(json);
    if (length <= 1) {
      out += json.front();
      json.remove_prefix(1);
      continue;
    }
    const auto value = code_point(json.substr(0, length));
    if (value < 0x10000) {
      append_escape(out, value);
    } else {
      append_escape(out, 0xD800 + ((value - 0x10000) >> 10U));
      append_escape(out, 0xDC00 + (value & 0x3FFU));
    }
    json.remove_prefix(length);
  }
  return out;
}

}  // namespace aftercommit::detail
