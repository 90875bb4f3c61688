#include "client/job_table/job_notifier.hpp"

#include <algorithm>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "aftercommit/error.hpp"
#include "broker/envelope/job_identity.hpp"
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

/// By their aliases; empty for a job that does not say, and where there is one database alone.
std::vector<std::string> JobNotifier::databases_of(std::span<const Outgoing> jobs) const {
  std::vector<std::string> aliases(jobs.size());
  if (places_.size() == 1) return aliases;
  for (std::size_t i = 0; i < jobs.size(); ++i) aliases[i] = identify(jobs[i].payload).database;
  return aliases;
}

void JobNotifier::enqueue(std::span<const Outgoing> jobs, Millis /*timeout*/) {
  const auto aliases = databases_of(jobs);
  std::vector<bool> untold(jobs.size());
  std::string trouble;  // with one, which does not keep the others from being told
  for (const auto& place : places_) {
    const auto is_its = [&](const std::string& alias) {
      return alias.empty() || alias == place->database.alias();
    };
    if (std::ranges::none_of(aliases, is_its)) continue;
    try {
      place->tell();
    } catch (const DatabaseUnavailable& error) {
      trouble = error.what();
      for (std::size_t i = 0; i < jobs.size(); ++i) untold[i] = untold[i] || is_its(aliases[i]);
    }
  }
  if (trouble.empty()) return;
  std::vector<std::size_t> unsent;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if (untold[i]) unsent.push_back(i);
  }
  throw EnqueueFailure{trouble, std::move(unsent), true, false};
}

}  // namespace aftercommit::detail
