// docs/guide/cancel.md goes on from the guide's first page.
#include <stdexcept>
#include <string>
#include <vector>

#include "guide.md"
void read_file(const std::string& file);
