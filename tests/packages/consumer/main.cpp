/// A program of somebody who uses aftercommit: says an id and how its transaction would be told of.
#include <aftercommit/job_id.hpp>
#include <aftercommit/transaction.hpp>
#include <cstdio>

std::size_t rows_of(aftercommit::Transaction& tx) { return tx.exec("SELECT 1").size(); }

int main(int arguments, char**) {
  if (arguments > 1) rows_of(*static_cast<aftercommit::Transaction*>(nullptr));  // to be linked, never run
  std::puts(aftercommit::JobId::generate().str().c_str());
}
