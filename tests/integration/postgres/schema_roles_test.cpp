/// What a role can do with the rights that docs/guide/database.md grants it, and what it cannot.
#include <gtest/gtest.h>

#include <pqxx/pqxx>
#include <string>

#include "support/fixtures/job_schema.hpp"

namespace aftercommit {
namespace {

class Roles : public support::JobSchema {
 protected:
  Roles() {
    outside("CREATE ROLE " + role_);
    outside("GRANT USAGE ON SCHEMA {schema} TO " + role_);
  }
  ~Roles() override { outside("DROP OWNED BY " + role_ + "; DROP ROLE " + role_); }

  void grant(const std::string& rights) { outside("GRANT " + rights + " TO " + role_); }

  /// In a transaction of the role.
  void as_role(const std::string& text) {
    database.atomic([&](Transaction& tx) {
      tx.exec("SET LOCAL ROLE " + role_);
      tx.exec(sql(text));
    });
  }

  bool allowed(const std::string& text) {
    try {
      as_role(text);
      return true;
    } catch (const pqxx::insufficient_privilege&) {
      return false;
    }
  }

 private:
  const std::string role_ = support::unique_name("role");
};

TEST_F(Roles, ThatMayInsertEnqueueAndCanDoNothingElse) {
  EXPECT_FALSE(allowed("SELECT {schema}.enqueue('t')")) << "the function lends no rights";
  grant("INSERT ON {schema}.job");
  EXPECT_TRUE(allowed("SELECT {schema}.enqueue('t', '[1]', countdown => '1 s')"));
  EXPECT_TRUE(allowed("SELECT {schema}.enqueue_many('t', ARRAY['[1]', '[2]'])"));
  EXPECT_EQ(jobs().size(), 3U);
  const auto with_id = "SELECT {schema}.enqueue('t', id => gen_random_uuid())";
  EXPECT_FALSE(allowed(with_id)) << "whether it was used before is for others to see";
  for (const std::string table : {"job", "dead", "ledger", "migration"}) {
    EXPECT_FALSE(allowed("SELECT FROM {schema}." + table)) << table;
    EXPECT_FALSE(allowed("DELETE FROM {schema}." + table)) << table;
    EXPECT_FALSE(allowed("TRUNCATE {schema}." + table)) << table;
  }
  for (const std::string table : {"dead", "ledger", "migration"}) {
    EXPECT_FALSE(allowed("INSERT INTO {schema}." + table + " DEFAULT VALUES")) << table;
  }
  EXPECT_FALSE(allowed("UPDATE {schema}.job SET attempt = 2"));
  EXPECT_FALSE(allowed("CREATE TABLE {schema}.mine ()"));
  grant("INSERT (id) ON {schema}.ledger");
  grant("SELECT (id) ON {schema}.dead");
  EXPECT_TRUE(allowed(with_id)) << "what the hint of the refusal names is enough";
  EXPECT_FALSE(allowed("SELECT letter FROM {schema}.dead"));
}

TEST_F(Roles, ThatAskForUniqueJobsNeedWhatTheGuideNamesAndCannotReadThem) {
  grant("INSERT ON {schema}.job");
  const auto skip = "SELECT {schema}.enqueue('t', on_duplicate => 'skip')";
  EXPECT_FALSE(allowed(skip));
  grant("SELECT, INSERT, UPDATE ON {schema}.unique_job");
  grant("SELECT (id), UPDATE (due_at) ON {schema}.job");
  EXPECT_TRUE(allowed(skip));
  EXPECT_TRUE(allowed(skip));
  EXPECT_EQ(jobs().size(), 1U);
  grant("DELETE ON {schema}.job");
  EXPECT_TRUE(allowed("SELECT {schema}.enqueue('t', on_duplicate => 'replace')"));
  EXPECT_EQ(jobs().size(), 1U);
  EXPECT_FALSE(allowed("SELECT envelope FROM {schema}.job"));
}

TEST_F(Roles, OfWorkersReadAndChangeRowsButNotTheTables) {
  grant("SELECT, INSERT, UPDATE, DELETE ON {schema}.job, {schema}.dead, {schema}.ledger");
  grant("SELECT ON {schema}.migration");
  EXPECT_TRUE(allowed("SELECT {schema}.enqueue('t')"));
  EXPECT_TRUE(allowed("UPDATE {schema}.job SET attempt = 2"));
  EXPECT_TRUE(allowed("SELECT FROM {schema}.job FOR UPDATE SKIP LOCKED"));
  EXPECT_TRUE(
      allowed("INSERT INTO {schema}.dead (id, queue, letter) SELECT id, queue, '{}' FROM {schema}.job"));
  EXPECT_TRUE(allowed("INSERT INTO {schema}.ledger (id) SELECT id FROM {schema}.job ON CONFLICT DO NOTHING"));
  EXPECT_TRUE(allowed("DELETE FROM {schema}.job"));
  EXPECT_TRUE(allowed("SELECT max(version) FROM {schema}.migration"));
  EXPECT_FALSE(allowed("UPDATE {schema}.migration SET version = 9"));
  EXPECT_FALSE(allowed("TRUNCATE {schema}.job"));
  EXPECT_FALSE(allowed("DROP TABLE {schema}.job"));
}

}  // namespace
}  // namespace aftercommit
