// docs/guide/limits.md goes on from the guide's first page.
#include <nlohmann/json.hpp>
#include <string>

#include "guide.md"
