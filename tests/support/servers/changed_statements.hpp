/// Statements that go on to PostgreSQL as other ones than the client has sent.
#pragma once

#include <atomic>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace aftercommit::support {

/// Wherever `from` stands in a statement, `to` takes its place.
struct ChangedStatement {
  std::string from;
  std::string to;
};

/// The changes that all clients of a proxy are subject to.  Changes in one thread, asked by any.
class StatementChanges {
 public:
  explicit StatementChanges(std::vector<ChangedStatement> changes)
      : changes_{std::move(changes)}, made_(changes_.size()) {}

  bool empty() const noexcept { return changes_.empty(); }
  /// The body of a message that holds a statement, as it goes on.
  std::string made_in(std::string body);
  /// Whether each has been made at least once.
  bool all_made() const noexcept;

 private:
  const std::vector<ChangedStatement> changes_;
  std::vector<std::atomic<int>> made_;  // for each, how often
};

/// What one client sends, put together to messages.  For one thread.
class ClientMessages {
 public:
  /// `changes` is not owned and outlives this.
  explicit ClientMessages(StatementChanges& changes) : changes_{changes} {}

  /// Takes what has come; gives what goes on now: all messages that are complete.
  std::string take(std::string_view bytes);

 private:
  std::string changed(std::string_view message) const;

  StatementChanges& changes_;
  std::string pending_;
  bool has_begun_ = false;  // the first message, alone, has no type
};

}  // namespace aftercommit::support
