/// Keys, as a terminal sends them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace aftercommit::cli {

enum class Key : std::uint8_t {
  kLetter,  ///< KeyPress::letter
  kUp,
  kDown,
  kPageUp,
  kPageDown,
  kHome,
  kEnd,
  kTab,
  kEnter,
  kEscape,
};

struct KeyPress {
  Key key = Key::kLetter;
  char letter = 0;

  friend bool operator==(const KeyPress&, const KeyPress&) = default;
};

/// Those in what has been read at once.  What is none of them is passed over.
std::vector<KeyPress> keys_of(std::string_view bytes);

}  // namespace aftercommit::cli
