/// The open savepoints of a transaction, and the hooks and jobs that go with each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/transaction.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// Those of blocks and those by hand.  Told of what the server has done, after it has.  For one thread.
class Savepoints {
 public:
  using Place = std::size_t;  ///< among the open ones; good until one is released or rolled back

  /// `hooks` is not owned and outlives this; `database` is for messages.
  Savepoints(CommitHooks& hooks, std::string database) : hooks_{hooks}, database_{std::move(database)} {}

  /// A name that none of this transaction has had.
  std::string next_name() { return "s" + std::to_string(++made_); }
  /// `level`: how many transactions and savepoints of blocks were open around it.
  void opened(std::string name, std::size_t level);

  /// Throws UsageError, with `verb`, if it is not open.
  Place find(std::string_view name, std::string_view verb) const;
  /// Of one that was made by hand, where transaction `transaction` is open and so many levels: throws
  /// UsageError in a block inside the one that it was opened in as well.
  Place find_own(const SavepointId& id, std::uint64_t transaction, std::size_t level,
                 std::string_view verb) const;
  bool any_open() const noexcept { return !open_.empty(); }
  /// Of those that are open.
  const std::string& outermost() const { return open_.front().name; }
  const std::string& name(Place place) const { return open_[place].name; }

  /// What was registered since belongs to what is around it.  Those inside are released too.
  void released(Place place);
  /// Drops the hooks and jobs that were registered since.  Those inside are gone, this one is still open.
  void rolled_back(Place place);
  /// The transaction has ended.
  void clear() noexcept;

 private:
  struct Savepoint {
    std::string name;
    CommitHooks::Mark mark;
    std::size_t level;
  };

  /// Cuts what is open down to so many.
  void cut(std::size_t left);

  CommitHooks& hooks_;
  const std::string database_;
  std::vector<Savepoint> open_;  // outermost first
  std::size_t made_ = 0;
};

}  // namespace aftercommit::detail
