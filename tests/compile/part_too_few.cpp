// A part lacks two arguments.
#include <aftercommit/aftercommit.hpp>

auto part(const aftercommit::Task<long, long, long>& add) { return add(1); }
