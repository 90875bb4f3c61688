#include "client/doubtful_commit.hpp"

#include <chrono>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "client/session.hpp"

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

/// One look; nothing while the truth is open.  Keeps the transaction's id once it is known.
std::optional<CommitOutcome> look(DatabaseCore& database, const JobId& job, int backend,
                                  std::chrono::steady_clock::time_point since,
                                  std::optional<std::string>& xact) {
  auto lease = database.pool.lease();
  const auto ms_since =
      std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - since).count();
  const auto rows =
      lease->exec(database.statements.settle_doubt, {to_sql(job), to_sql(backend), xact, to_sql(ms_since)});
  const auto row = rows[0];
  const bool job_is_there = row[0].as<bool>();
  const bool backend_is_at_it = row[1].as<bool>();
  const std::string status = row[3].is_null() ? "" : row[3].c_str();
  if (job_is_there || status == "committed") return CommitOutcome::kCommitted;
  if (status == "aborted") return CommitOutcome::kRolledBack;
  if (!xact && !row[2].is_null()) xact = row[2].c_str();
  if (backend_is_at_it) return std::nullopt;
  // It is gone, perhaps since the snapshot in which its job was looked for: so one more look.
  return xact ? std::nullopt : std::optional{CommitOutcome::kUnknown};
}

}  // namespace

CommitOutcome find_commit_outcome(DatabaseCore& database, const JobId& job, int backend) noexcept {
  const auto since = std::chrono::steady_clock::now();
  const auto deadline = since + kPatience;
  std::optional<std::string> xact;
  bool gone = false;  // seen once without its backend
  database.pool.drop_idle();
  while (std::chrono::steady_clock::now() < deadline) {
    try {
      if (const auto outcome = look(database, job, backend, since, xact)) {
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
