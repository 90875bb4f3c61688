// There is one argument more than the task takes.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long>& pay) { pay.delay(7, 8); }
