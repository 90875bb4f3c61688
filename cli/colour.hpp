/// Colours for terminals.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace aftercommit::cli {

enum class Colour : std::uint8_t { kNone, kBold, kDim, kRed, kYellow, kGreen };

/// Whether what is written to this descriptor may have colours: a terminal that knows them is there, and
/// NO_COLOR is not set (no-color.org).
bool colours_wanted(int descriptor);

/// `text` in that colour.
std::string painted(std::string_view text, Colour colour);

}  // namespace aftercommit::cli
