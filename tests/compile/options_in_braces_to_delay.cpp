// delay() takes no options, in braces neither.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

void ask(const aftercommit::Task<long>& pay) { pay.delay({.countdown = 5s}, 42); }
