// A part takes another type than the part before it returns.
#include <aftercommit/aftercommit.hpp>

auto plan(const aftercommit::ResultTask<long, long>& count,
          const aftercommit::Task<std::string, long>& tell) {
  return aftercommit::chain(count(1), tell(2));
}
