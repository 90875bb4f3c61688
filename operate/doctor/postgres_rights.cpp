/// What the role of PostgreSQL may do.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_postgres_rights(const PostgresReport& postgres, Notes& notes) {
  if (!postgres.role.empty()) notes.fact("role", postgres.role);
  for (const auto& right : postgres.missing_rights) {
    notes.found(
        right.needed ? Severity::kDanger : Severity::kNote, right.object, "no " + right.missing,
        "The role " + postgres.role +
            (right.needed ? " may not, and a worker cannot do without; a program that only asks for "
                            "jobs needs less."
                          : " may not, which only some features need: limits, pauses, periodic tasks, "
                            "--history."),
        "GRANT it as docs/guide/database.md (Roles) says, and let doctor connect as the worker does.");
  }
}

}  // namespace aftercommit::operate
