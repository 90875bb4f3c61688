// The second parameter of the body is of another type than the task declares.
#include <aftercommit/aftercommit.hpp>

void give_body(const aftercommit::Task<long, std::string>& remind) {
  remind.run([](aftercommit::Job&, long, int) {});
}
