// Many calls as tuples, which are not of exactly the declared types.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long, std::string>& remind) {
  const std::vector<std::tuple<long, const char*>> calls{{7, "soon"}};
  remind.delay_many(calls);
}
