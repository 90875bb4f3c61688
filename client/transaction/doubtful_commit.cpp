#include "client/transaction/doubtful_commit.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "client/transaction/database_core.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::milliseconds kPause{50};

void pause() {
  std::mutex mutex;
  std::condition_variable never;
  std::unique_lock lock{mutex};
  never.wait_for(lock, kPause);
}

/// The transaction of the commit, as one server knows it.
struct Found {
  std::string xact;
  std::string origin;  ///< another server, or the same after a crash, gives the id to another one
};

/// One look; nothing while the truth is open.  Keeps the transaction once it is known.
std::optional<CommitOutcome> look(DatabaseCore& database, const JobId& job, int backend,
                                  std::chrono::steady_clock::time_point since, std::optional<Found>& found) {
  auto lease = database.pool.lease();
  const auto ms_since =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since).count();
  const auto rows =
      lease->exec(database.statements.settle_doubt,
                  {to_sql(job), to_sql(backend), found ? std::optional{found->xact} : std::nullopt,
                   to_sql(ms_since), found ? std::optional{found->origin} : std::nullopt});
  const auto row = rows[0];
  const bool job_is_there = row[0].as<bool>();
  const bool backend_is_at_it = row[1].as<bool>();
  const std::string status = row[3].is_null() ? "" : row[3].c_str();
  if (job_is_there || status == "committed") return CommitOutcome::kCommitted;
  if (status == "aborted") return CommitOutcome::kRolledBack;
  if (found && found->origin != row[4].c_str()) return CommitOutcome::kUnknown;  // it knows nothing of it
  if (!found && !row[2].is_null()) found = Found{.xact = row[2].c_str(), .origin = row[4].c_str()};
  if (backend_is_at_it) return std::nullopt;
  // It is gone, perhaps since the snapshot in which its job was looked for: so one more look.
  return found ? std::nullopt : std::optional{CommitOutcome::kUnknown};
}

}  // namespace

CommitOutcome find_commit_outcome(DatabaseCore& database, const JobId& job, int backend) noexcept {
  const auto since = std::chrono::steady_clock::now();
  const auto deadline = since + kPatience;
  std::optional<Found> found;
  bool gone = false;  // seen once without its backend
  database.pool.drop_idle();
  while (std::chrono::steady_clock::now() < deadline) {
    try {
      if (const auto outcome = look(database, job, backend, since, found)) {
        if (*outcome != CommitOutcome::kUnknown || gone) return *outcome;
        gone = true;
        continue;
      }
    } catch (const std::exception&) {
      // The server is still away.
    }
    pause();
  }
  return CommitOutcome::kUnknown;
}

}  // namespace aftercommit::detail
