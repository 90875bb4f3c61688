// An argument is missing.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::string>& remind) { remind.delay(7); }
