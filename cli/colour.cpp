#include "cli/colour.hpp"

#include <unistd.h>

#include <cstdlib>

namespace aftercommit::cli {
namespace {

const char* code_of(Colour colour) {
  switch (colour) {
    case Colour::kBold:
      return "1";
    case Colour::kDim:
      return "2";
    case Colour::kRed:
      return "31";
    case Colour::kYellow:
      return "33";
    case Colour::kGreen:
      return "32";
    case Colour::kNone:
      break;
  }
  return "0";
}

}  // namespace

bool colours_wanted(int descriptor) {
  const char* const refused = std::getenv("NO_COLOR");
  if (refused != nullptr && *refused != '\0') return false;
  const char* const terminal = std::getenv("TERM");
  return ::isatty(descriptor) == 1 && terminal != nullptr && std::string_view{terminal} != "dumb";
}

std::string painted(std::string_view text, Colour colour) {
  if (colour == Colour::kNone || text.empty()) return std::string{text};
  return std::string{"\x1b["}.append(code_of(colour)).append("m").append(text).append("\x1b[0m");
}

}  // namespace aftercommit::cli
