// The same type as the parameter of a body.
#include <aftercommit/aftercommit.hpp>

struct Money {
  long cents = 0;
};

void give_body(const aftercommit::Task<Money>& pay) {
  pay.run([](const Money&) {});
}
