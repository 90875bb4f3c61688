#include "client/job_table/job_notifier.hpp"

#include <numeric>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "aftercommit/error.hpp"
#include "broker/contract/no_redis.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/link.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {

struct JobNotifier::Place {
  explicit Place(Database& of) : database{of} {}

  void tell() {
    try {
      if (!link) link.emplace(connection_string(database.options()));
      pqxx::nontransaction session{*link};
      session.exec(database.core()->statements.tell_of_jobs);
    } catch (const std::exception& error) {
      auto reason = why_unreachable(error, database.options().url);
      link.reset();
      throw DatabaseUnavailable{"cannot tell the workers of database '" + database.alias() +
                                "' of new jobs: " + reason};
    }
  }

  Database& database;  // not owned, outlives this
  std::optional<Link> link;
};

JobNotifier::JobNotifier(std::vector<Database*> databases) {
  for (auto* const database : databases) places_.push_back(std::make_unique<Place>(*database));
}

JobNotifier::~JobNotifier() = default;

void JobNotifier::enqueue(std::span<const Outgoing> jobs, Millis /*timeout*/) {
  std::vector<std::size_t> unsent;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (!jobs[i].durable) unsent.push_back(i);
  }
  if (!unsent.empty())
    throw EnqueueFailure{needs_redis("a job that is not durable"), std::move(unsent), false, false};
  std::string trouble;  // with one, which does not keep the others from being told
  for (const auto& place : places_) {
    try {
      place->tell();
    } catch (const DatabaseUnavailable& error) {
      trouble = error.what();
    }
  }
  if (trouble.empty()) return;
  unsent.resize(jobs.size());
  std::iota(unsent.begin(), unsent.end(), std::size_t{0});
  throw EnqueueFailure{trouble, std::move(unsent), true, false};
}

}  // namespace aftercommit::detail
