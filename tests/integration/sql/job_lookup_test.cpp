/// A job is found by its key, whatever PostgreSQL believes about the table.
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "client/job_table/migrations.hpp"
#include "client/statements/statements.hpp"
#include "support/eventually.hpp"
#include "support/plan.hpp"
#include "support/servers/servers.hpp"

namespace aftercommit {
namespace {

using support::eventually;
using support::pages_of;

/// So many jobs are gone that what is left of them is far more than a page, and may not be removed yet: a
/// transaction of somebody else's might still look at them.  PostgreSQL takes the table to be empty.
class JobLookup : public ::testing::Test {
 protected:
  JobLookup() {
    detail::migrate(database);
    outside.exec("ALTER TABLE job SET (autovacuum_enabled = off)");
    outside.exec(
        "INSERT INTO job (id, queue, envelope) SELECT gen_random_uuid(), 'mail', '{}' FROM "
        "generate_series(1, 20000)");
    foreign.exec("SELECT pg_current_xact_id()");
    outside.exec("DELETE FROM job");
    EXPECT_TRUE(eventually([&] {
      outside.exec("VACUUM ANALYZE job");
      return outside.exec("SELECT reltuples = 0 FROM pg_class WHERE oid = 'job'::regclass")[0][0].as<bool>();
    }));
    const auto rows = outside.exec(
        "INSERT INTO job (id, queue, envelope) VALUES (gen_random_uuid(), 'mail', '{}') RETURNING id");
    id = rows[0][0].as<std::string>();
  }

  const support::Schema schema;
  Database database{{.url = schema.url(), .schema = schema.name()}};
  const detail::Statements statements{schema.name()};
  pqxx::connection connection{schema.url("outside")};
  pqxx::nontransaction outside{connection};
  pqxx::connection foreign_connection{schema.url("foreign")};
  pqxx::work foreign{foreign_connection};
  std::string id;
};

TEST_F(JobLookup, BesideDeletedRowsReadsFewPagesForTheGuard) {
  outside.exec("PREPARE guard AS " + statements.guard_job.with_parameters());
  EXPECT_LT(pages_of(outside, "EXECUTE guard('" + id + "', 1)"), 40) << "of hundreds";
}

TEST_F(JobLookup, BesideDeletedRowsReadsFewPagesForARow) {
  outside.exec("PREPARE find AS " + statements.find_job);
  EXPECT_LT(pages_of(outside, "EXECUTE find('" + id + "')"), 20) << "of hundreds";
}

}  // namespace
}  // namespace aftercommit
