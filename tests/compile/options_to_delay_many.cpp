// delay_many() takes no options.
#include <aftercommit/aftercommit.hpp>

using namespace std::chrono_literals;

void ask(const aftercommit::Task<long>& pay) { pay.delay_many({.countdown = 5s}, {{7}, {8}}); }
