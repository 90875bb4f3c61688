/// How a job is cancelled: where it waits for a commit of this thread, else in the tables of its database.
#include "aftercommit/cancel.hpp"

#include <array>

#include "aftercommit/app.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/cancellations.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit {
namespace {

/// One that this thread has asked for in a transaction that is still open.  Nothing: there is none.
std::optional<Cancelled> cancel_pending(Database& database, const JobId& job, const std::string& note) {
  auto* const session = detail::Session::find(*database.core());
  const auto* const pending = session != nullptr ? session->find_job(job) : nullptr;
  if (pending == nullptr) return std::nullopt;
  const auto& outgoing = pending->outgoing;
  const auto stood = outgoing.countdown || outgoing.eta ? Cancelled::kDelayed : Cancelled::kWaiting;
  detail::enter_cancelled(database, job, outgoing.queue, pending->task, stood, note);
  session->cancel_job(job);
  return stood;
}

/// In all of them, where none knows it: each has a ledger of its own.
Cancelled cancel_anywhere(const std::vector<Database*>& databases, const JobId& job,
                          const std::string& note) {
  for (auto* const database : databases) {
    if (databases.size() == 1 || detail::knows_job(*database, job))
      return detail::cancel_job(*database, job, note);
  }
  auto answer = Cancelled::kUnknown;
  for (auto* const database : databases) {
    const auto here = detail::cancel_job(*database, job, note);
    if (answer == Cancelled::kUnknown) answer = here;
  }
  return answer;
}

}  // namespace

std::string_view to_string(Cancelled answer) noexcept {
  constexpr std::array<std::string_view, 7> kWords{"waiting", "delayed", "running", "cancelled",
                                                   "done",    "dead",    "unknown"};
  return kWords[static_cast<std::size_t>(answer)];
}

Cancelled App::cancel(const JobId& job, const CancelOptions& options) const {
  std::vector<Database*> databases;
  if (!options.database.empty()) {
    databases.push_back(&database(options.database));
  } else {
    for (const auto& [alias, database] : core_->databases()) databases.push_back(database.get());
  }
  if (databases.empty()) {
    throw UsageError{"cannot cancel job " + job.str() + ": app '" + name() +
                     "' has no database, and what is cancelled is kept in one; set DATABASE_URL, or let the "
                     "task look by itself whether it is still wanted"};
  }
  for (auto* const database : databases) {
    if (const auto stood = cancel_pending(*database, job, options.note)) return *stood;
  }
  return cancel_anywhere(databases, job, options.note);
}

}  // namespace aftercommit
