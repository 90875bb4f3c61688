#include "cli/top/keys.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace aftercommit::cli {
namespace {

/// What follows ESC, in the ways that xterm, the Linux console and screen have.
constexpr auto kSequences = std::to_array<std::pair<std::string_view, Key>>({
    {"[A", Key::kUp},
    {"OA", Key::kUp},
    {"[B", Key::kDown},
    {"OB", Key::kDown},
    {"[5~", Key::kPageUp},
    {"[6~", Key::kPageDown},
    {"[H", Key::kHome},
    {"OH", Key::kHome},
    {"[1~", Key::kHome},
    {"[7~", Key::kHome},
    {"[F", Key::kEnd},
    {"OF", Key::kEnd},
    {"[4~", Key::kEnd},
    {"[8~", Key::kEnd},
});

/// Bytes of a sequence that we do not know, which ends with its first letter or '~'.
std::size_t length_of_sequence(std::string_view text) {
  if (text.empty() || (text.front() != '[' && text.front() != 'O')) return 0;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] >= '@' && text[i] <= '~') return i + 1;
  }
  return text.size();
}

}  // namespace

std::vector<KeyPress> keys_of(std::string_view bytes) {
  std::vector<KeyPress> keys;
  while (!bytes.empty()) {
    const char first = bytes.front();
    bytes.remove_prefix(1);
    if (first == '\x1b') {
      const auto length = length_of_sequence(bytes);
      const auto sequence = bytes.substr(0, length);
      bytes.remove_prefix(length);
      if (length == 0) keys.push_back({.key = Key::kEscape});
      for (const auto& [known, key] : kSequences) {
        if (sequence == known) keys.push_back({.key = key});
      }
    } else if (first == '\r' || first == '\n') {
      keys.push_back({.key = Key::kEnter});
    } else if (first == '\t') {
      keys.push_back({.key = Key::kTab});
    } else if (first >= ' ' && first <= '~') {
      keys.push_back({.key = Key::kLetter, .letter = first});
    }
  }
  return keys;
}

}  // namespace aftercommit::cli
