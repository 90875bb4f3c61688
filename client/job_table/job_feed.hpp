/// What a relay reads of a job table: the jobs that the last snapshot did not show.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"
#include "client/job_table/job_table.hpp"

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
///
/// There are two of each queue: one follows the new jobs, from the moment on at which it was made; the other,
/// with the same token, goes through those that were there before, and is not needed any more once the first
/// is `complete`.
struct FeedCursor {
  std::string token;           ///< random, made with the cursor: no other one is equal by accident
  std::string shown = "1:1:";  ///< shows nothing: before every transaction
  std::optional<std::string> sweeping{};
  FeedPosition position{};
  bool complete = false;  ///< what was there before it has been read as well

  /// A new one, from the beginning of the table.
  static FeedCursor from_the_start();

  /// Whether nothing has been read to its end yet.
  bool at_the_start() const { return shown == "1:1:"; }

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
  std::string source;    ///< whose page this is; of the same answer as all the rest
  std::string snapshot;  ///< as this page was read
  std::vector<Entry> jobs;
};

/// Rows, and whose they are.
struct FeedRows {
  std::string source;
  std::vector<JobRow> rows;
};

/// A source names the job table, and the run of the server that the answer comes from: a cursor of another
/// one means nothing here, since after a crash, a failover or the restore of a backup PostgreSQL gives
/// transaction ids out again.  Every answer says its own; none is to be remembered.  Thread-safe, as the
/// database is; throws what Database does, and DatabaseUnavailable where the server is a standby.
class JobFeed {
 public:
  explicit JobFeed(Database& database) : database_{database} {}

  /// The source right now.
  std::string source() const;

  /// Up to `limit` jobs of the queue that `cursor` has not got to.  Not inside a block, for the rest of which
  /// its settings would stay.  Throws ConfigError for a queue without a valid name.
  FeedPage read(const std::string& queue, const FeedCursor& cursor, std::size_t limit) const;

  /// The rows of those of these jobs that are there, in any order.
  FeedRows load(std::span<const JobId> jobs) const;

 private:
  Database& database_;  // not owned, outlives this
};

/// Whether snapshot `later` can come after `earlier` on one server: if not, the database has gone back in
/// time.
bool can_follow(std::string_view earlier, std::string_view later);

/// Drops the end of a page: what was inserted by transactions that had not begun at `snapshot`; whether there
/// was any.
bool drop_later(FeedPage& page, std::string_view snapshot);

/// Under which name a shard keeps its cursor of a source; `among`: ShardShare::among.  Where jobs are shared
/// out otherwise than before, the table is another source, which is read anew.
std::string of_shards(std::string_view source, std::string_view among);

/// Under which name the cursor of those jobs is kept that were there before the other one was made.
std::string backlog_of(std::string_view source);

/// Those of the names `known` whose cursors nobody needs any more: of earlier runs of the same table, but for
/// the last two, which somebody may still be connected to.
std::vector<std::string> outlived(const std::vector<std::string>& known, std::string_view source);

}  // namespace aftercommit::detail
