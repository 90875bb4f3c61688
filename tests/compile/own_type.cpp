// A type of the application's own that nobody can turn into JSON.
#include <aftercommit/aftercommit.hpp>

struct Money {
  long cents = 0;
};

void ask(const aftercommit::Task<std::vector<Money>>& pay) { pay.delay(std::vector<Money>(1)); }
