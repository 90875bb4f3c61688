/// What a relay reads of a job table: the jobs that the last snapshot did not show.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::detail {

/// A place in the order of the table: by inserting transaction, then id.
struct FeedPosition {
  std::string xact = "0";
  std::string id = "00000000-0000-0000-0000-000000000000";

  friend bool operator==(const FeedPosition&, const FeedPosition&) = default;
};

/// How far a queue has been read: all that `shown`, a snapshot of PostgreSQL, made visible; and, while a
/// sweep is under way, what `sweeping` made visible besides, up to `position`.  Rows become visible in
/// another order than that of their ids or times, so no single number could say it.
struct FeedCursor {
  std::string token;           ///< random, made with the cursor: no other one is equal by accident
  std::string shown = "1:1:";  ///< shows nothing: before every transaction
  std::optional<std::string> sweeping{};
  FeedPosition position{};

  /// A new one, from the beginning of the table.
  static FeedCursor from_the_start();

  std::string str() const;
  static std::optional<FeedCursor> parse(std::string_view text);
};

/// One page of jobs, in their order.
struct FeedPage {
  struct Entry {
    JobId id;
    FeedPosition position;
    bool revived = false;  ///< brought back from the dead, and not run since
  };
  std::string snapshot;  ///< as this page was read
  std::vector<Entry> jobs;
};

/// Thread-safe, as the database is.
class JobFeed {
 public:
  explicit JobFeed(Database& database) : database_{database} {}

  /// Names the database and the branch of its history that it is on: cursors of another one mean nothing
  /// here.
  std::string source() const;

  /// Up to `limit` jobs of the queue that `cursor` has not got to.  Not inside a block, for the rest of which
  /// its settings would stay.  Throws ConfigError for a queue without a valid name.
  FeedPage read(const std::string& queue, const FeedCursor& cursor, std::size_t limit) const;

 private:
  Database& database_;  // not owned, outlives this
};

/// Whether snapshot `later` can come after `earlier` on one server: if not, the database has gone back in
/// time.
bool can_follow(std::string_view earlier, std::string_view later);

}  // namespace aftercommit::detail
