// One call of many has an argument of another type than the task declares.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::string>& remind) { remind.delay_many({{7, "soon"}, {8, 9}}); }
