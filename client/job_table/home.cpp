#include "client/job_table/home.hpp"

#include "aftercommit/error.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/ascii_json.hpp"
#include "client/statements/sql_template.hpp"
#include "client/transaction/database_core.hpp"
#include "client/transaction/session.hpp"

namespace aftercommit::detail {
namespace {

/// Names need no quotes.
template <class Names>
std::string as_array(const Names& names) {
  std::string text = "{";
  for (const auto& name : names)
    text.append(text.size() == 1 ? "" : ",").append("\"").append(name).append("\"");
  return text + "}";
}

}  // namespace

std::string kept_name(Database& database, const std::string& app) {
  return database.core()->pool.lease()->holds_unicode() ? app : ascii_json(app);
}

HomeDatabase read_home(Database& database) {
  const auto rows = database.exec(statements_of(database).read_home);
  const auto& schema = database.options().schema;
  if (rows.size() != 1) {
    throw ConfigError{in_schema("the table {schema}.home of database '" + database.alias() +
                                    "' has lost its one row, which tells whose jobs these are: as the owner, "
                                    "run `" +
                                    command_for(database, "new-token") + "`, then `" +
                                    command_for(database, "adopt --all") + "`",
                                schema)};
  }
  return {.alias = database.alias(),
          .token = rows[0][0].as<std::string>(),
          .where = rows[0][1].as<std::string>() + ", schema " + schema,
          .instance = rows[0][2].as<std::string>()};
}

void renew_token(Database& database) { database.exec(statements_of(database).renew_token); }

std::vector<OtherApp> find_other_apps(Database& database, const HomeClaim& claim,
                                      std::span<const Queue> queues) {
  std::vector<OtherApp> found;
  for (const auto& row : database.exec(statements_of(database).find_apps, kept_name(database, claim.app),
                                       as_array(queues), as_array(claim.tasks))) {
    found.push_back({.queue = row[0].as<std::string>(),
                     .name = row[1].as<std::string>(),
                     .same_task = row[2].is_null() ? "" : row[2].as<std::string>(),
                     .seen = row[3].as<std::string>()});
  }
  return found;
}

void enter_app(Database& database, const HomeClaim& claim, std::span<const Queue> queues) {
  const auto name = kept_name(database, claim.app);
  // Whatever the default: what another worker has just entered is no conflict.
  database.atomic({.isolation = Isolation::kReadCommitted}, [&] {
    database.exec(statements_of(database).enter_app, name, as_array(queues), as_array(claim.tasks));
  });
}

void forget_apps(Database& database, std::span<const Queue> queues) {
  database.exec(statements_of(database).forget_apps, as_array(queues));
}

}  // namespace aftercommit::detail
