/// Jobs from transactions of every kind that is not ours, run by a real worker.
#include <gtest/gtest.h>
#include <libpq-fe.h>
#ifdef AFTERCOMMIT_TEST_SOCI
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>
#endif

#include <functional>
#include <memory>
#include <pqxx/pqxx>
#include <string>
#include <vector>

#include "aftercommit/foreign/libpq.hpp"
#include "aftercommit/foreign/pqxx.hpp"
#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

/// Places the order `id` in a transaction of its own kind, asks in it for a job that reads it, and commits or
/// rolls back.
using PlaceOrder = std::function<void(const std::string& url, const Task<long>& read, long id, bool commit)>;

void by_pqxx(const std::string& url, const Task<long>& read, long id, bool commit) {
  pqxx::connection connection{url};
  pqxx::work work{connection};
  work.exec("INSERT INTO orders VALUES (" + std::to_string(id) + ")");
  read.delay_in(work, id);
  if (commit) work.commit();
}

void by_libpq(const std::string& url, const Task<long>& read, long id, bool commit) {
  const std::unique_ptr<PGconn, decltype(&::PQfinish)> connection{::PQconnectdb(url.c_str()), &::PQfinish};
  const auto run = [&](const std::string& sql) { ::PQclear(::PQexec(connection.get(), sql.c_str())); };
  run("BEGIN");
  run("INSERT INTO orders VALUES (" + std::to_string(id) + ")");
  read.delay_in(connection.get(), id);
  run(commit ? "COMMIT" : "ROLLBACK");
}

#ifdef AFTERCOMMIT_TEST_SOCI
void by_soci(const std::string& url, const Task<long>& read, long id, bool commit) {
  soci::session session{soci::postgresql, url};
  soci::transaction transaction{session};
  session << "INSERT INTO orders VALUES (:id)", soci::use(id, "id");
  read.delay_in(
      [&](const ForeignStatement& statement) {
        std::string answer;
        session << statement.sql_with(":job"), soci::use(statement.parameter, "job"), soci::into(answer);
        return answer;
      },
      id);
  if (commit) transaction.commit();
}
#endif

struct Driver {
  const char* name;
  PlaceOrder place_order;
};
void PrintTo(const Driver& driver, std::ostream* out) { *out << driver.name; }

class JobInATransaction : public support::WorkerTest, public ::testing::WithParamInterface<Driver> {};

std::vector<Driver> drivers() {
  return {
#ifdef AFTERCOMMIT_TEST_SOCI
      {"Soci", by_soci},
#endif
      {"Pqxx", by_pqxx},
      {"Libpq", by_libpq},
  };
}

INSTANTIATE_TEST_SUITE_P(Of, JobInATransaction, ::testing::ValuesIn(drivers()),
                         [](const auto& test) { return std::string{test.param.name}; });

TEST_P(JobInATransaction, RunsOnceIfThatCommitsAndNeverElse) {  // P1, P2
  start_worker();
  const auto& place_order = GetParam().place_order;
  place_order(database_url, tasks.read_order, 1, true);
  place_order(database_url, tasks.read_order, 2, false);
  place_order(database_url, tasks.read_order, 3, true);
  EXPECT_TRUE(support::eventually([&] { return starts() == 2U && table.counts().empty(); }));
  EXPECT_EQ(effects(), (std::vector<long>{1, 3}));
}

}  // namespace
}  // namespace aftercommit
