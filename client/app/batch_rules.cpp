/// Which tasks may have the body of a batch.
#include <string>

#include "aftercommit/batch.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit::detail {

void check_batch(const TaskEntry& task, std::size_t most) {
  const auto name = "task '" + task.name + "' ";
  if (task.batch) throw UsageError{name + "has been given the body of a batch already"};
  if (!task.options.transactional) {
    throw UsageError{
        name +
        "is declared with transactional = false, and a batch is one transaction, in which each of "
        "its jobs takes effect once: give it a transaction, or let its jobs run one by one"};
  }
  if (most < 1 || most > kMostInBatch) {
    throw UsageError{name + "cannot run " + std::to_string(most) + " jobs in a batch: 1 to " +
                     std::to_string(kMostInBatch)};
  }
}

}  // namespace aftercommit::detail
