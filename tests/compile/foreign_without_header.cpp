// The header for transactions of libpqxx is not included.
#include <aftercommit/aftercommit.hpp>
#include <pqxx/pqxx>

void ask(const aftercommit::Task<long>& pay, pqxx::work& work) { pay.delay_in(work, 7); }
