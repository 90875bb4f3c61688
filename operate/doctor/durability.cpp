/// Whether PostgreSQL keeps what it has committed, which all promises rest on.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

/// One that has to be on.
void expect_on(const PostgresReport& postgres, const char* name, const char* why, Notes& notes) {
  const auto value = postgres.setting(name);
  if (!value.empty()) notes.fact(name, std::string{value});
  if (value != "off") return;
  notes.found(Severity::kDanger, name, "off", why,
              std::string{"ALTER SYSTEM SET "} + name + " = on; SELECT pg_reload_conf();");
}

/// One that has to be off, as it is unless somebody rescues data.
void expect_off(const PostgresReport& postgres, const char* name, Notes& notes) {
  if (postgres.setting(name) != "on") return;
  notes.found(Severity::kDanger, name, "on", "Damaged pages are passed over instead of being reported.",
              std::string{"ALTER SYSTEM RESET "} + name + "; SELECT pg_reload_conf();");
}

void look_at_commit(const PostgresReport& postgres, Notes& notes) {
  const std::string value{postgres.setting("synchronous_commit")};
  if (value.empty()) return;
  notes.fact("synchronous_commit", value);
  if (value == "off") {
    notes.found(
        postgres.is_pooled ? Severity::kDanger : Severity::kWarning, "synchronous_commit", "off",
        postgres.is_pooled
            ? "A crash of the server may take back what a worker has said of a job, that it has died "
              "or is put off, and what was committed with the jobs of a transaction: a worker cannot "
              "set it for its sessions behind a pooler."
            : "A crash of the server takes the transactions of the last moment back, and the jobs that "
              "they asked for with them. What workers commit is safe: they set it themselves.",
        "Leave it at on for the role of the application: ALTER ROLE ... SET synchronous_commit = on.");
  }
}

void look_at_standbys(const PostgresReport& postgres, Notes& notes) {
  const std::string names{postgres.setting("synchronous_standby_names")};
  if (postgres.refused.contains("standbys")) return;
  if (!names.empty() && postgres.synchronous_standbys == 0 && !postgres.is_standby) {
    notes.found(Severity::kDanger, "synchronous_standby_names", names,
                "None of them follows: every COMMIT waits for one, for ever.",
                "Bring a standby back, or SET synchronous_standby_names = ''.");
  }
  if (names.empty() && postgres.standbys > 0) {
    notes.found(Severity::kNote, "synchronous_standby_names", "none",
                "A failover to a standby that lags behind loses commits, and jobs and effects with them.",
                "Where that may not be, name a standby that COMMIT waits for.");
  }
}

}  // namespace

void look_at_durability(const PostgresReport& postgres, Notes& notes) {
  if (const auto refused = postgres.refused.find("settings"); refused != postgres.refused.end()) {
    notes.not_told("settings", refused->second, "Look at fsync and full_page_writes by hand.");
    return;
  }
  expect_on(postgres, "fsync",
            "A crash of the machine may damage the whole database, and with it all that jobs rest on.",
            notes);
  expect_on(postgres, "full_page_writes",
            "A crash of the machine may leave pages that are half old and half new.", notes);
  expect_off(postgres, "zero_damaged_pages", notes);
  expect_off(postgres, "ignore_checksum_failure", notes);
  look_at_commit(postgres, notes);
  look_at_standbys(postgres, notes);
  if (postgres.setting("data_checksums") == "off") {
    notes.found(Severity::kNote, "data_checksums", "off",
                "A disk that returns other bytes than were written goes unnoticed.",
                "Stop the server once and run pg_checksums --enable.");
  }
}

}  // namespace aftercommit::operate
