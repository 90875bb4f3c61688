/// Jobs that other languages enqueue by SQL in transactions of their own, run by a real worker.
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "support/fixtures/worker_fixture.hpp"

namespace aftercommit {
namespace {

class SqlClient : public support::WorkerTest, public ::testing::WithParamInterface<std::string> {};

INSTANTIATE_TEST_SUITE_P(In, SqlClient,
                         ::testing::Values("enqueue_psql.sh", "enqueue_psycopg2.py", "enqueue_django.py"),
                         [](const auto& test) {
                           const auto& script = test.param;
                           return script.substr(script.find('_') + 1,
                                                script.find('.') - script.find('_') - 1);
                         });

TEST_P(SqlClient, HasWhatItCommittedRunOnceAndWhatItRolledBackNever) {  // P1, P2
  start_worker();
  const auto command = "DATABASE_URL='" + database_url + "' SCHEMA='" + schema.name() + "' " +
                       AFTERCOMMIT_SQL_CLIENTS "/" + GetParam() + " 1 2 3 >/dev/null";
  EXPECT_EQ(std::system(command.c_str()), 0);  // NOLINT(cert-env33-c): a shell is wanted
  tasks.insert.delay(4);                       // everything before it has had its turn when it is through
  EXPECT_TRUE(eventually_effects({1, 4}));
  EXPECT_TRUE(support::eventually([&] { return table.counts().empty(); }));
  EXPECT_EQ(starts(), 2U) << "each once, and no other";
  EXPECT_EQ(effects(), (std::vector<long>{1, 4}));
}

}  // namespace
}  // namespace aftercommit
