// The options of a call come last.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

void ask(const aftercommit::Task<long>& pay) { pay.apply_async(42, {.countdown = 5s}); }
