// The options come last, in braces behind all arguments.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

void ask(const aftercommit::Task<int, int, int, int>& sum) { sum.apply_async(1, 2, 3, 4, {.countdown = 5s}); }
