// An argument further behind is of another type than the task declares.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<int, int, int, int, int, int, int, int, std::string>& sum) {
  sum.delay(1, 2, 3, 4, 5, 6, 7, 8, 9);
}
