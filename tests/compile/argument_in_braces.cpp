// Braces have no type.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::vector<int>>& pay) { pay.delay(42, {1, 2}); }
