/// Asks for each part by itself, so that one that is refused hides none of the others.
#include "operate/doctor/postgres_report.hpp"

#include <exception>
#include <functional>

#include "aftercommit/error.hpp"
#include "client/job_table/migrations.hpp"
#include "client/postgres/connection.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/postgres/error_text.hpp"
#include "client/settings/command_hint.hpp"
#include "client/statements/sql_template.hpp"
#include "doctor_sql.hpp"

namespace aftercommit::operate {
namespace {

using std::chrono::milliseconds;

/// Takes the parts of one report.
class PartByPart {
 public:
  PartByPart(const Store& store, PostgresReport& report) : store_{store}, report_{report} {}

  using Take = std::function<void(const pqxx::result& rows)>;

  /// Does a part, and notes why it could not be done.
  void part(const char* name, const std::function<void()>& ask) {
    try {
      ask();
    } catch (const DatabaseUnavailable&) {
      throw;
    } catch (const pqxx::broken_connection&) {
      throw;
    } catch (const std::exception& error) {
      report_.refused[name] = detail::first_line(error);
    }
  }

  void part(const char* name, std::string_view sql, const Take& take) {
    part(name, [&] { take(store_.database.exec(detail::in_schema(sql, store_.database.options().schema))); });
  }

 private:
  const Store& store_;
  PostgresReport& report_;
};

std::optional<PostgresReport::Holder> holder_of(const pqxx::result& rows) {
  if (rows.empty()) return std::nullopt;
  return PostgresReport::Holder{.who = rows[0][0].c_str(),
                                .age = std::chrono::seconds{rows[0][1].as<std::int64_t>()}};
}

void ask_for_clock(Database& database, PostgresReport& report) {
  database.exec("SELECT 1");  // connects, which takes longer than a round trip
  const auto here = std::chrono::system_clock::now().time_since_epoch();
  const auto began = std::chrono::steady_clock::now();
  const auto answer = database.exec(doctor_sql::clock);
  const auto half = (std::chrono::steady_clock::now() - began) / 2;
  const std::chrono::microseconds there{answer[0][0].as<std::int64_t>()};
  report.ahead = std::chrono::duration_cast<milliseconds>(there - (here + half));
  report.ahead_within = std::chrono::ceil<milliseconds>(half);
}

void ask_for_pooler(const Database& database, PostgresReport& report) {
  detail::Connection own{database.options(), database.alias()};
  const auto answer = own.exec("SELECT pg_catalog.pg_backend_pid()");
  report.is_pooled = answer[0][0].as<int>() != own.backend();
  if (!report.is_pooled) return;
  try {
    own.exec("BEGIN");
    own.exec("ROLLBACK");
  } catch (const std::exception&) {
    report.pools_statements = true;
  }
}

void ask_for_schema(Database& database, PostgresReport& report) {
  report.schema = detail::schema_of(database);
  report.newest_version = detail::kSchemaVersion;
  report.migrate = detail::command_for(database, "migrate");
  report.schema_version = detail::schema_version(database);
  if (report.schema_version == 0) return;
  try {
    detail::check_schema(database);
  } catch (const ConfigError& error) {
    report.flaw = error.what();
  }
}

void ask_for_cleaning(PartByPart& inquiry, PostgresReport& report) {
  inquiry.part("oldest transaction", doctor_sql::oldest_transaction,
               [&](const pqxx::result& rows) { report.oldest_transaction = holder_of(rows); });
  inquiry.part("prepared transactions", doctor_sql::oldest_prepared,
               [&](const pqxx::result& rows) { report.oldest_prepared = holder_of(rows); });
  inquiry.part("replication slots", doctor_sql::slots, [&](const pqxx::result& rows) {
    for (const auto& row : rows) {
      report.slots.push_back({.name = row[0].c_str(),
                              .active = row[1].as<bool>(),
                              .holds_rows = row[2].as<bool>(),
                              .kept = row[3].as<double>()});
    }
  });
  inquiry.part("transaction ids", doctor_sql::age, [&](const pqxx::result& rows) {
    if (!rows.empty()) report.transactions_old = rows[0][0].as<std::int64_t>();
  });
  inquiry.part("tables", doctor_sql::tables, [&](const pqxx::result& rows) {
    for (const auto& row : rows) {
      report.tables.push_back({.name = row[0].c_str(),
                               .live = row[1].as<std::int64_t>(),
                               .dead = row[2].as<std::int64_t>(),
                               .size = row[3].as<double>(),
                               .autovacuum = row[4].as<bool>()});
    }
  });
}

}  // namespace

PostgresReport report_of(const Store& store) {
  PostgresReport report;
  auto& database = store.database;
  PartByPart inquiry{store, report};
  inquiry.part("clock", [&] { ask_for_clock(database, report); });
  inquiry.part("settings", doctor_sql::settings, [&](const pqxx::result& rows) {
    for (const auto& row : rows) report.settings.emplace(row[0].c_str(), row[1].c_str());
  });
  report.may_be_a_standby = detail::may_lead_to_a_standby(database.options().url);
  bool is_here = false;
  inquiry.part("role", doctor_sql::server, [&](const pqxx::result& rows) {
    report.is_standby = rows[0][0].as<bool>();
    report.role = rows[0][1].c_str();
    report.sees_others = rows[0][2].as<bool>();
    is_here = rows[0][3].as<bool>();
  });
  inquiry.part("pooler", [&] { ask_for_pooler(database, report); });
  inquiry.part("schema", [&] { ask_for_schema(database, report); });
  inquiry.part("rights", doctor_sql::rights, [&](const pqxx::result& rows) {
    for (const auto& row : rows)
      report.missing_rights.push_back(
          {.object = row[0].c_str(), .missing = row[1].c_str(), .needed = row[2].as<bool>()});
  });
  inquiry.part("sessions", doctor_sql::sessions, [&](const pqxx::result& rows) {
    report.sessions = {.clients = rows[0][0].as<std::int64_t>(), .workers = rows[0][1].as<std::int64_t>()};
  });
  inquiry.part("standbys", doctor_sql::standbys, [&](const pqxx::result& rows) {
    report.standbys = rows[0][0].as<std::int64_t>();
    report.synchronous_standbys = rows[0][1].as<std::int64_t>();
  });
  ask_for_cleaning(inquiry, report);
  if (is_here && !report.is_pooled)
    report.disk = report_of_disk(std::string{report.setting("data_directory")});
  return report;
}

}  // namespace aftercommit::operate
