#include "aftercommit/job.hpp"

#include "aftercommit/error.hpp"

namespace aftercommit {

Transaction& Job::transaction() const {
  if (transaction_ == nullptr) {
    throw UsageError{"task '" + info_.task +
                     "' is declared with transactional = false and has no transaction"};
  }
  return *transaction_;
}

}  // namespace aftercommit
