#include "worker/run/attempt_context.hpp"

#include "client/app/app_core.hpp"

namespace aftercommit::worker {

Database& AttemptContext::home_of(const Envelope& job) const {
  return app.core().database_or_default(job.database);
}

Database& AttemptContext::database_for(const Envelope& job, const detail::TaskEntry& task) const {
  const bool says_it = job.durable || !job.database.empty();
  return app.core().database_or_default(says_it ? job.database : task.options.database);
}

}  // namespace aftercommit::worker
