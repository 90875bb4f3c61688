// docs/guide/batches.md goes on from the guide's first page.
#include <map>
#include <span>
#include <string>
#include <tuple>

#include "guide.md"
namespace shop {
void note_page(long product, const std::string& page);
}  // namespace shop
