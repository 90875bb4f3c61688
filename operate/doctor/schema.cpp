/// The tables of jobs.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_schema(const PostgresReport& postgres, Notes& notes) {
  if (const auto refused = postgres.refused.find("schema"); refused != postgres.refused.end()) {
    notes.found(Severity::kDanger, postgres.schema, "cannot be read",
                "The tables of jobs could not be looked at: " + refused->second + ".",
                "Grant the role its rights: docs/guide/database.md (Roles).");
    return;
  }
  const auto version = std::to_string(postgres.schema_version);
  if (postgres.schema_version == 0) {
    notes.found(Severity::kDanger, postgres.schema, "no tables",
                "No durable job can be asked for, and no worker starts.", "Run " + postgres.migrate + ".");
    return;
  }
  notes.fact("version of the tables", version);
  if (!postgres.flaw.empty()) {
    notes.found(Severity::kDanger, postgres.schema, "version " + version, postgres.flaw + ".",
                "Do what the sentence says.");
  } else if (postgres.schema_version < postgres.newest_version) {
    notes.found(Severity::kWarning, postgres.schema, "version " + version,
                "Programs work with it; what is newer than that is refused.",
                "Run " + postgres.migrate + ": it keeps nobody waiting.");
  } else if (postgres.schema_version > postgres.newest_version) {
    notes.found(Severity::kNote, postgres.schema, "version " + version,
                "It is newer than this command, which knows " + std::to_string(postgres.newest_version) +
                    " and works with it all the same.",
                "Use the aftercommit of the release that made it.");
  }
}

}  // namespace aftercommit::operate
