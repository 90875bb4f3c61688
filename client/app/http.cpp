#include "aftercommit/http.hpp"

#include <exception>

namespace aftercommit {
namespace detail {

RequestBlocks::RequestBlocks(const App& app, const std::vector<std::string>& aliases) {
  for (const auto& alias : aliases) blocks_.push_back(std::make_unique<Atomic>(app.database(alias)));
}

RequestBlocks::~RequestBlocks() {
  while (!blocks_.empty()) blocks_.pop_back();
}

void RequestBlocks::finish(bool roll_back) {
  // A commit that stands may still throw, for a hook or a job that could not be sent: the other databases
  // commit all the same.  One that fails leaves the rest to the destructor, which rolls back.
  std::exception_ptr after_commit;
  while (!blocks_.empty()) {
    const auto block = std::move(blocks_.back());
    blocks_.pop_back();
    if (roll_back) block->transaction().set_rollback(true);
    try {
      block->commit();
    } catch (...) {
      if (!block->committed()) throw;
      if (!after_commit) after_commit = std::current_exception();
    }
  }
  if (after_commit) std::rethrow_exception(after_commit);
}

}  // namespace detail

std::vector<std::string> AtomicRequests::aliases(bool exempt_some, const NonAtomicRequests& exempt) const {
  std::vector<std::string> result;
  for (const auto& alias : app_.database_aliases()) {
    const bool exempted = exempt_some && (exempt.aliases.empty() ||
                                          std::ranges::find(exempt.aliases, alias) != exempt.aliases.end());
    if (app_.database(alias).options().atomic_requests && !exempted) result.push_back(alias);
  }
  return result;
}

}  // namespace aftercommit
