// What docs/guide.md leaves to the reader's program.
#include <iostream>
#include <optional>
#include <string>
