// A number is no length of time.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long>& pay) { pay.apply_async({.countdown = 5}, 42); }
