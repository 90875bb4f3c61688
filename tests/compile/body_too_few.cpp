// The body lacks a parameter.
#include <aftercommit/aftercommit.hpp>

void give_body(const aftercommit::Task<long, std::string>& remind) {
  remind.run([](long) {});
}
