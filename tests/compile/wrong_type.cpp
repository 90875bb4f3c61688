// The second argument is of another type than the task declares.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::string>& remind) { remind.delay(7, 8); }
