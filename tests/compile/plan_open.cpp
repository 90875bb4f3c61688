// The first part of a plan lacks its first argument.
#include <aftercommit/aftercommit.hpp>

void ask(const aftercommit::FlowTask<aftercommit::Plan>& plans, const aftercommit::Task<long, long>& add) {
  plans.delay(add(1));
}
