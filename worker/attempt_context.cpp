#include "worker/attempt_context.hpp"

#include "client/app_core.hpp"

namespace aftercommit::worker {
namespace {

Database& by_alias(App& app, const std::string& alias) {
  return alias.empty() ? app.core().default_database() : app.database(alias);
}

}  // namespace

Database& AttemptContext::home_of(const Envelope& job) const { return by_alias(app, job.database); }

Database& AttemptContext::database_for(const Envelope& job, const detail::TaskEntry& task) const {
  return by_alias(app, job.durable || !job.database.empty() ? job.database : task.options.database);
}

}  // namespace aftercommit::worker
