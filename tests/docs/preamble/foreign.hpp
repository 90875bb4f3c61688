// docs/guide/foreign.md goes on from the guide's first page.
#include <optional>
#include <string>

#include "guide.md"
