// A fraction would be cut off.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long>& pay) { pay.apply_async({.max_retries = 0}, 2.5); }
