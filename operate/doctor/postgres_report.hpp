/// What a PostgreSQL server tells of itself, and of the tables in one schema.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "operate/doctor/machine_report.hpp"
#include "operate/servers.hpp"

namespace aftercommit::operate {

/// Nothing in it is judged.  A part that the server or the role does not tell is empty, and says why in
/// `refused`.
struct PostgresReport {
  std::map<std::string, std::string, std::less<>> settings{};  ///< as pg_settings has them for our sessions
  bool is_standby = false;
  std::string role{};
  bool sees_others = false;  ///< what the sessions of other roles are at

  bool is_pooled = false;         ///< something hands our statements to sessions of its choice
  bool pools_statements = false;  ///< even those of one transaction
  std::optional<std::chrono::milliseconds> ahead{};  ///< of its clock before that of this machine
  std::chrono::milliseconds ahead_within{0};

  bool may_be_a_standby = false;  ///< the URL names several hosts and not which kind of them is wanted

  int schema_version = 0;  ///< 0: there are no tables
  int newest_version = 0;  ///< that this program makes
  std::string schema{};    ///< for sentences: "schema 'aftercommit'"
  std::string flaw{};      ///< why the tables cannot be used, as a sentence; empty: they can
  std::string migrate{};   ///< the command that makes them

  struct Right {
    std::string object;   ///< "table job", "schema aftercommit"
    std::string missing;  ///< "SELECT, INSERT"
    bool needed = true;   ///< by every worker; false: only where its feature is used
  };
  std::vector<Right> missing_rights{};

  struct Sessions {
    std::int64_t clients = 0;  ///< of all databases
    std::int64_t workers = 0;  ///< of these, sessions of workers in this one
  };
  std::optional<Sessions> sessions{};

  /// What keeps rows from being cleared.
  struct Holder {
    std::string who;
    std::chrono::seconds age{0};
  };
  std::optional<Holder> oldest_transaction{};
  std::optional<Holder> oldest_prepared{};
  struct Slot {
    std::string name;
    bool active = false;
    bool holds_rows = false;
    double kept = 0;  ///< bytes of WAL that it keeps
  };
  std::vector<Slot> slots{};
  std::int64_t standbys = 0;
  std::int64_t synchronous_standbys = 0;
  std::int64_t transactions_old = 0;  ///< age of the oldest row of this database, in transactions

  struct Table {
    std::string name;
    std::int64_t live = 0;
    std::int64_t dead = 0;
    double size = 0;  ///< bytes, indexes included
    bool autovacuum = true;
  };
  std::vector<Table> tables{};

  std::optional<DiskReport> disk{};  ///< of its data, where that is on this machine

  /// Parts that could not be asked for, with what the server said.
  std::map<std::string, std::string> refused{};

  /// Empty where it is not known.
  std::string_view setting(std::string_view name) const {
    const auto value = settings.find(name);
    return value == settings.end() ? std::string_view{} : std::string_view{value->second};
  }
};

/// Asks the server.  Throws DatabaseUnavailable; what it refuses stands in the report.
PostgresReport report_of(const Store& store);

}  // namespace aftercommit::operate
