/// What reading foreign text gives when the text is no good.
#pragma once

#include <string>

namespace aftercommit {

/// A sentence for a person: the field, what was expected, what was found (cleaned, and cut short).
struct Malformed {
  std::string reason;
  bool elsewhere = false;  ///< nothing is broken: another reader may take it, a later or a more generous one
};

}  // namespace aftercommit
