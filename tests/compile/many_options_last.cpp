// The options of many calls come last.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

void ask(const aftercommit::Task<long>& pay) { pay.apply_async_many({{7}, {8}}, {.countdown = 5s}); }
