/// A pooler between us and PostgreSQL.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_pooler(const PostgresReport& postgres, Notes& notes) {
  if (postgres.refused.contains("pooler")) {
    notes.not_told("pooler", postgres.refused.at("pooler"), "Look at its configuration.");
    return;
  }
  notes.fact("pooler", postgres.is_pooled ? "yes" : "none");
  if (!postgres.is_pooled) return;
  if (postgres.pools_statements) {
    notes.found(Severity::kDanger, "pooler", "pool_mode statement",
                "It knows no transactions, and nothing of this works without.",
                "Set pool_mode = transaction, or session.");
    return;
  }
  notes.found(Severity::kNote, "pooler", "in between",
              "Transactions work. Notifications do not arrive, so jobs that SQL asks for wait for the next "
              "look of a relay; a COMMIT without an answer stays in doubt more often.",
              "See that default_pool_size holds all transactions that are open at once, and max_client_conn "
              "all connections: docs/guide/deployment.md (pgbouncer).");
}

}  // namespace aftercommit::operate
