// The second argument of a call in a transaction of others is of another type than the task declares.
#include <aftercommit/aftercommit.hpp>
#include <aftercommit/foreign/pqxx.hpp>

void ask(const aftercommit::Task<long, std::string>& remind, pqxx::work& work) {
  remind.delay_in(work, 7, 8);
}
