/// Writes that are run again and again go as plans of the server, and mean what they meant before.
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using support::caught;
using support::sqlstate;

constexpr int kOften = 8;

class FrequentWrites : public support::Payments, public ::testing::Test {
 protected:
  FrequentWrites() {
    outside("CREATE TABLE thing (id bigint PRIMARY KEY, words text, at date DEFAULT '2026-01-01')");
  }

  /// How many plans there are of this statement on the only connection.
  std::size_t plans(const std::string& sql) {
    return database.exec("SELECT FROM pg_prepared_statements WHERE position($1 in statement) > 0", sql)
        .size();
  }
  void insert(long id, const std::optional<std::string>& words = "x") { database.exec(kInsert, id, words); }

  const std::string kInsert = "INSERT INTO thing(id, words) VALUES ($1, $2)";
};

TEST_F(FrequentWrites, ArePlannedOnce) {
  for (long id = 1; id <= kOften; ++id) insert(id);
  EXPECT_EQ(plans(kInsert), 1U);
  EXPECT_EQ(outside("SELECT FROM thing").size(), std::size_t{kOften});
}

TEST_F(FrequentWrites, KeepTheirValues) {
  const std::optional<std::string> words[] = {
      std::nullopt, "",     "it's", "back\\slash \\' \\n", "\"x\" $1 {id}", "zwölf €", "a;b -- c /*",
      "'; --",      "null", "$$"};
  for (long id = 1; id <= kOften; ++id) insert(-id);
  for (long id = 0; const auto& text : words) {
    insert(++id, text);
    const auto found = database.exec("SELECT words FROM thing WHERE id = $1", id);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0][0].is_null(), !text);
    EXPECT_EQ(found[0][0].as<std::string>(""), text.value_or(""));
  }
  EXPECT_EQ(plans(kInsert), 1U);
}

TEST_F(FrequentWrites, SayHowManyRowsTheyChanged) {
  for (long id = 1; id <= kOften; ++id) insert(id);
  const std::string update = "UPDATE thing SET words = $1 WHERE id > $2;  -- some of them";
  for (long id = 0; id < kOften; ++id) {
    EXPECT_EQ(database.exec(update, "y", id).affected_rows(), static_cast<std::size_t>(kOften - id));
  }
  EXPECT_EQ(plans("some of them"), 1U);
}

TEST_F(FrequentWrites, FailAsTheyWould) {
  for (long id = 1; id <= kOften; ++id) insert(id);
  const auto twice = caught<pqxx::unique_violation>([&] { insert(1); });
  ASSERT_TRUE(twice);
  EXPECT_EQ(sqlstate(*twice), "23505");

  const std::string dated = "INSERT INTO thing(id, at) VALUES ($1, $2)";
  for (long id = 101; id <= 100 + kOften; ++id) database.exec(dated, id, "2026-02-03");
  const auto no_date = caught<pqxx::sql_error>([&] { database.exec(dated, 200L, "soon"); });
  ASSERT_TRUE(no_date);
  EXPECT_EQ(sqlstate(*no_date), "22007");
  database.exec(dated, 200L, "2026-02-04");
}

TEST_F(FrequentWrites, AreRolledBackWithTheirTransaction) {
  for (long id = 1; id <= kOften; ++id) insert(id);
  EXPECT_THROW(database.atomic([&] {
    insert(100);
    insert(100);
  }),
               pqxx::unique_violation);
  EXPECT_EQ(outside("SELECT FROM thing WHERE id = 100").size(), 0U);
  database.atomic([&] { insert(100); });
  EXPECT_EQ(outside("SELECT FROM thing WHERE id = 100").size(), 1U);
}

TEST_F(FrequentWrites, FollowTheTableWhenItChanges) {
  for (long id = 1; id <= kOften; ++id) insert(id);
  outside("ALTER TABLE thing ADD COLUMN more int NOT NULL DEFAULT 7");
  insert(100);
  outside("ALTER TABLE thing ALTER COLUMN words TYPE varchar(3)");
  EXPECT_THROW(insert(101, "long"), pqxx::sql_error);
  outside("DROP TABLE thing");
  EXPECT_THROW(insert(102), pqxx::undefined_table);
}

TEST_F(FrequentWrites, AreNotPlannedWhereTheyGiveRows) {
  const std::string returning = kInsert + " RETURNING id";
  for (long id = 1; id <= kOften; ++id) EXPECT_EQ(database.exec(returning, id, "x")[0][0].as<long>(), id);
  EXPECT_EQ(plans(returning), 0U);
}

}  // namespace
}  // namespace aftercommit
