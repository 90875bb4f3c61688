// The body changes itself.
#include <aftercommit/aftercommit.hpp>

void give_body(const aftercommit::Task<long>& pay) {
  pay.run([sum = 0L](long cents) mutable { sum += cents; });
}
