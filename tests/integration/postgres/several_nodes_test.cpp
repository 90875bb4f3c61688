/// Several servers behind one URL: named one by one, or behind a table that an extension has spread over
/// them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <pqxx/pqxx>
#include <string>

#include "client/job_table/migrations.hpp"
#include "support/fixtures/cli_fixture.hpp"
#include "support/fixtures/payments.hpp"
#include "support/servers/private_postgres.hpp"

namespace aftercommit {
namespace {

using support::message_of;
using support::WorkerProcess;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class SeveralNodes : protected support::OnPrivatePostgres, public ::testing::Test {
 protected:
  SeveralNodes() {
    Database database{{.url = server.url()}};
    detail::migrate(database);
  }

  /// The same server as two hosts.
  std::string url_of_both() const {
    return "postgresql:///postgres?host=" + server.folder().string() + "," + server.folder().string() +
           "&user=postgres";
  }
  static App app_on(const std::string& url) {
    return App{"shop", {.redis_url = "memory://nodes", .databases = {{"default", {.url = url}}}}};
  }
  WorkerProcess start_worker(const std::string& url) const {
    return WorkerProcess{{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_TEST_TASKS, "--redis", redis_,
                          "--database", url, "--processes", "0", "--log-format", "json"}};
  }
  nlohmann::json doctor(const std::string& url) const {
    const auto end = support::run_cli({"doctor", "--json"}, {{"REDIS_URL", redis_}, {"DATABASE_URL", url}});
    return nlohmann::json::parse(end.output).at("findings");
  }

 private:
  const std::string redis_ = support::fresh_redis_url();
};

TEST_F(SeveralNodes, NamedByAUrlThatDoesNotAskForThePrimaryAreAWarningOfApp) {
  const auto app = app_on(url_of_both());
  EXPECT_THAT(app.check(), ElementsAre(AllOf(HasSubstr("database 'default' names several hosts"),
                                             HasSubstr("add target_session_attrs=read-write"))));
  EXPECT_THAT(app_on(url_of_both() + "&target_session_attrs=read-write").check(), IsEmpty());
  EXPECT_THAT(app_on(server.url()).check(), IsEmpty());
}

TEST_F(SeveralNodes, NamedByAUrlThatDoesNotAskForThePrimaryAreAWarningOfTheWorkerAndTheDoctor) {
  auto worker = start_worker(url_of_both());
  EXPECT_TRUE(worker.says("add target_session_attrs=read-write")) << worker.log();
  const auto warns = [](const nlohmann::json& finding) {
    return finding.at("what") == "target_session_attrs" && finding.at("severity") == "warning";
  };
  EXPECT_EQ(std::ranges::count_if(doctor(url_of_both()), warns), 1);
  EXPECT_EQ(std::ranges::count_if(doctor(url_of_both() + "&target_session_attrs=primary"), warns), 0);
}

/// Debian has no Citus: so this puts the table there in which that lists what it has distributed, with the
/// column that is read, in the same schema.
class DistributedJobTable : public SeveralNodes {
 protected:
  DistributedJobTable() {
    ask("SET allow_system_table_mods = on; CREATE TABLE pg_catalog.pg_dist_partition(logicalrelid regclass "
        "PRIMARY KEY)");
  }
  void ask(const std::string& sql) const {
    pqxx::connection connection{server.url()};
    pqxx::nontransaction{connection}.exec(sql);
  }
  void distribute(const std::string& table) const {
    ask("INSERT INTO pg_catalog.pg_dist_partition VALUES ('" + table + "')");
  }
};

TEST_F(DistributedJobTable, IsRefusedByAppWorkerAndDoctor) {
  distribute("aftercommit.job");
  const auto says =
      AllOf(HasSubstr("table 'job' in schema 'aftercommit' of database 'default' is distributed over nodes"),
            HasSubstr("give the app a database on each"));
  EXPECT_THAT(message_of<ConfigError>([&] { app_on(server.url()).check(); }), says);
  auto worker = start_worker(server.url());
  EXPECT_EQ(worker.exit_code(), 3) << worker.log();
  EXPECT_THAT(worker.log(), says);
  EXPECT_EQ(std::ranges::count_if(doctor(server.url()),
                                  [&](const auto& finding) {
                                    return finding.at("severity") == "danger" &&
                                           ::testing::Value(finding.at("why").template get<std::string>(),
                                                            says);
                                  }),
            1);
}

TEST_F(DistributedJobTable, IsNoneWhereTablesOfOthersAloneAreDistributed) {
  ask("CREATE TABLE public.job()");
  distribute("public.job");
  EXPECT_THAT(app_on(server.url()).check(), IsEmpty());
}

}  // namespace
}  // namespace aftercommit
