/// What keeps rows that are dead from being cleared: the table of jobs lives by it.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

using namespace std::chrono_literals;

constexpr auto kLongTransaction = 15min;
constexpr auto kVeryLongTransaction = 4h;
constexpr auto kForgotten = 10min;  // of a prepared transaction, which nobody ends by himself
constexpr double kMuchWal = 10e9;
constexpr std::int64_t kManyDead = 100'000;
constexpr std::int64_t kOld = 1'200'000'000;      // of 2^31 transactions, at which the server stops
constexpr std::int64_t kVeryOld = 1'900'000'000;  // and where it warns of it

std::string in_hours(std::chrono::seconds time) {
  if (time < 2h) return std::to_string(time / 1min) + " min";
  return std::to_string(time / 1h) + " h";
}

void look_at_transactions(const PostgresReport& postgres, Notes& notes) {
  if (const auto& oldest = postgres.oldest_transaction; oldest && oldest->age >= kLongTransaction) {
    notes.found(
        oldest->age >= kVeryLongTransaction ? Severity::kWarning : Severity::kNote, "oldest transaction",
        in_hours(oldest->age),
        "The " + oldest->who +
            " has it open, and until it ends no row that has died since is cleared, in the whole "
            "database: the table of jobs grows, and gets slower.",
        "End it: SELECT pg_terminate_backend(<process>); idle_in_transaction_session_timeout ends the "
        "next one.");
  }
  if (const auto& oldest = postgres.oldest_prepared; oldest && oldest->age >= kForgotten) {
    notes.found(
        Severity::kWarning, "prepared transaction", in_hours(oldest->age),
        "The transaction " + oldest->who +
            " was prepared and never ended: it keeps its locks and every row that has died since, over "
            "restarts of the server as well.",
        "COMMIT PREPARED or ROLLBACK PREPARED it, whichever its owner has meant.");
  }
  if (!postgres.sees_others && !postgres.oldest_transaction) {
    notes.found(Severity::kNote, "pg_stat_activity", "own sessions only",
                "The role does not see since when transactions of others are open.",
                "GRANT pg_read_all_stats to it, or run doctor once as another role.");
  }
}

void look_at_slots(const PostgresReport& postgres, Notes& notes) {
  for (const auto& slot : postgres.slots) {
    if (slot.active || (!slot.holds_rows && slot.kept < kMuchWal)) continue;
    notes.found(Severity::kWarning, "replication slot " + slot.name, "unused, keeps " + in_bytes(slot.kept),
                slot.holds_rows ? "Nobody reads it, and no row that has died since is cleared."
                                : "Nobody reads it, and what is kept for it fills the disk.",
                "Let its standby follow again, or SELECT pg_drop_replication_slot('" + slot.name + "').");
  }
}

void look_at_tables(const PostgresReport& postgres, Notes& notes) {
  for (const auto& table : postgres.tables) {
    if (table.name == "job") {
      notes.fact("table job", in_bytes(table.size) + ", " + std::to_string(table.live) + " rows, " +
                                  std::to_string(table.dead) + " dead ones");
    }
    if (!table.autovacuum) {
      notes.found(Severity::kWarning, "table " + table.name, "autovacuum off",
                  "Its dead rows are cleared by nobody: it grows with every job.",
                  "ALTER TABLE ... RESET (autovacuum_enabled).");
    }
    if (table.dead > kManyDead && table.dead > 2 * table.live) {
      notes.found(Severity::kWarning, "table " + table.name,
                  std::to_string(table.dead) + " dead rows of " + in_bytes(table.size),
                  "They are not cleared as fast as they come: each look at the table gets slower.",
                  "See what holds them back above; else VACUUM it by hand, and look whether autovacuum comes "
                  "to it (pg_stat_user_tables).");
    }
  }
}

}  // namespace

void look_at_vacuum(const PostgresReport& postgres, Notes& notes) {
  for (const char* name : {"autovacuum", "track_counts"}) {
    if (postgres.setting(name) != "off") continue;
    notes.found(Severity::kWarning, name, "off",
                "Nobody clears dead rows: the table of jobs grows with every job, and gets slower.",
                std::string{"ALTER SYSTEM SET "} + name + " = on; SELECT pg_reload_conf();");
  }
  look_at_transactions(postgres, notes);
  look_at_slots(postgres, notes);
  look_at_tables(postgres, notes);
  if (postgres.transactions_old < kOld) return;
  notes.found(postgres.transactions_old < kVeryOld ? Severity::kWarning : Severity::kDanger,
              "age(datfrozenxid)", std::to_string(postgres.transactions_old),
              "At 2147 million the server takes no writes any more, to save what it has.",
              "See what holds rows back above, then VACUUM (FREEZE) the oldest tables.");
}

}  // namespace aftercommit::operate
