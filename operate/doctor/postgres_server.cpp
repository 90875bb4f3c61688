/// Whether the PostgreSQL is one that jobs can be in.
#include "client/postgres/connection_url.hpp"
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

constexpr std::int64_t kOldestPostgres = 130000;

}  // namespace

void look_at_postgres_server(const PostgresReport& postgres, Notes& notes) {
  const std::string version{postgres.setting("server_version")};
  if (!version.empty()) notes.fact("version", version);
  const auto number = whole_number(postgres.setting("server_version_num"));
  if (number && *number < kOldestPostgres) {
    notes.found(Severity::kDanger, "version", version, "It lacks what the statements need.",
                "Upgrade it to 13 or newer.");
  }
  if (postgres.is_standby) {
    notes.found(Severity::kDanger, "hot standby", "in recovery",
                "It takes no writes: no job can be asked for or run on it.",
                "Lead its URL to the primary, or promote it: SELECT pg_promote().");
  } else if (postgres.setting("default_transaction_read_only") == "on") {
    notes.found(Severity::kDanger, "default_transaction_read_only", "on",
                "It takes no writes: no job can be asked for or run on it.",
                "Find out who has set it (SELECT source, sourcefile FROM pg_settings WHERE name = "
                "'default_transaction_read_only'); some hosts do when a disk is full.");
  }
  if (postgres.may_be_a_standby) {
    notes.found(
        Severity::kWarning, "target_session_attrs", "any",
        "The URL names several hosts, and a connection may lead to one that is a standby: it takes no "
        "writes, and jobs are put off.",
        std::string{"In the URL, "} + detail::kAskForThePrimary + ".");
  }
  const auto replication = postgres.setting("session_replication_role");
  if (!replication.empty() && replication != "origin") {
    notes.found(Severity::kWarning, "session_replication_role", std::string{replication},
                "Triggers do not run, not even those that check foreign keys.",
                "Leave it at origin for the role of the application.");
  }
  if (postgres.setting("server_encoding") == "SQL_ASCII") {
    notes.found(Severity::kNote, "server_encoding", "SQL_ASCII",
                "The database does not know what its text means; aftercommit.enqueue takes ASCII alone.",
                "Make the next database with ENCODING 'UTF8'.");
  }
}

}  // namespace aftercommit::operate
