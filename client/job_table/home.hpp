/// Whose jobs a job table holds: its token, and the apps that have had workers for its queues.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"
#include "broker/contract/homes.hpp"

namespace aftercommit::detail {

/// The database as a home of jobs.  Its token is made with the tables and goes where they go: with a dump,
/// into a clone, to a standby.  Its instance, "system identifier/oid of the database/schema", goes to a
/// standby alone, and with a copy of the server's files.  Throws what Database does; ConfigError where the
/// table has lost the token.
HomeDatabase read_home(Database& database);
/// Another token, or the first where it is lost: to any Redis it is another database from now on.  For the
/// owner of the tables.
void renew_token(Database& database);

/// The name of an app as the tables keep it: with escapes, where the encoding of the database may lack a
/// character of it.
std::string kept_name(Database& database, const std::string& app);

/// What find_other_apps finds of one app in one queue.
struct OtherApp {
  std::string queue;
  std::string name;
  std::string same_task;  ///< the first that both declare; empty: none
  std::string seen;       ///< the day on which it was last known to have workers, UTC
};

/// The other apps that have had workers for these queues of the schema.
std::vector<OtherApp> find_other_apps(Database& database, const HomeClaim& claim,
                                      std::span<const Queue> queues);
/// Enters the app of the claim.
void enter_app(Database& database, const HomeClaim& claim, std::span<const Queue> queues);
/// Forgets all apps of these queues.
void forget_apps(Database& database, std::span<const Queue> queues);

}  // namespace aftercommit::detail
