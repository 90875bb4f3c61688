// delay() takes no options.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::Task<long>& pay, const aftercommit::CallOptions& options) {
  pay.delay(42, options);
}
