/// Limits as the tables and functions of a database keep them.
#include "client/job_table/limits.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "support/fixtures/job_schema.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using detail::DeclaredLimit;
using detail::LimitOfKey;

class Limits : public support::JobSchema {
 protected:
  Limits() { detail::declare_limits(database, std::vector{one_each, ten, rare}); }

  /// In a session that stays open in its transaction: 0, or which one is full.
  int take(pqxx::transaction_base& in, const std::string& key) {
    const std::vector<LimitOfKey> limits{{one_each, key}};
    return in.exec_params(sql("SELECT {schema}.take_places($1)"), detail::places_of(limits))[0][0].as<int>();
  }
  detail::Token token(const DeclaredLimit& rate,
                      std::optional<std::chrono::system_clock::time_point> told_for = {}) {
    return detail::take_tokens(database, std::vector<LimitOfKey>{{rate, ""}}, told_for);
  }
  std::size_t room(const DeclaredLimit& limit, const std::string& key = {}) {
    return detail::find_room(database, std::vector<LimitOfKey>{{limit, key}}).at(0);
  }

  const DeclaredLimit one_each{.name = "one each", .most = 1, .per_key = true};
  const DeclaredLimit ten{.name = "ten", .most = 10, .per = 10s, .burst = 1};
  const DeclaredLimit rare{.name = "rare", .most = 10, .per = 100s, .burst = 1};
  pqxx::connection first{schema.url("first")};
  pqxx::connection second{schema.url("second")};
};

TEST_F(Limits, GiveAPlaceOfAKeyToOneTransactionUntilThatEnds) {
  pqxx::work one{first};
  EXPECT_EQ(take(one, "a"), 0);
  EXPECT_EQ(room(one_each, "a"), 0U);
  {
    pqxx::work other{second};
    EXPECT_EQ(take(other, "a"), 1);
    EXPECT_EQ(take(other, "b"), 0) << "another key";
  }
  EXPECT_EQ(room(one_each, "b"), 1U) << "rolled back";
  one.commit();
  pqxx::work other{second};
  EXPECT_EQ(take(other, "a"), 0);
}

TEST_F(Limits, CountThosePlacesThatWereTakenBeforeTheyWereLowered) {
  EXPECT_EQ(detail::change_limit(database, "one each", 2), true);
  EXPECT_EQ(room(one_each, "a"), 2U);
  pqxx::connection third{schema.url("third")};
  pqxx::work one{first};
  pqxx::work two{second};
  EXPECT_EQ(take(one, "a"), 0);
  EXPECT_EQ(take(two, "a"), 0);
  EXPECT_EQ(detail::change_limit(database, "one each", std::nullopt), true);
  for (auto* const ends : {&one, &two}) {
    pqxx::work more{third};
    EXPECT_EQ(take(more, "a"), 1) << "whichever of the two places is above the limit now";
    ends->abort();
  }
  pqxx::work more{third};
  EXPECT_EQ(take(more, "a"), 0);
}

TEST_F(Limits, GiveEachJobThatWaitsForARateATimeOfItsOwn) {
  EXPECT_TRUE(token(ten).granted);
  EXPECT_TRUE(token(ten).granted) << "the burst";
  const auto next = token(ten);
  ASSERT_TRUE(next.wait && next.turn);
  EXPECT_LE(*next.wait, 1s);
  const auto behind = token(ten);
  ASSERT_TRUE(behind.turn);
  EXPECT_GE(*behind.turn - *next.turn, 999ms) << "and not the same time";
  EXPECT_FALSE(token(ten, next.turn).granted) << "too early";
  outside("UPDATE {schema}.rate SET next_at = next_at - interval '1 second'");
  EXPECT_FALSE(token(ten).granted) << "others were told to come";
  EXPECT_TRUE(token(ten, next.turn).granted);
}

TEST_F(Limits, LetAJobKeepItsTimeThatComesLate) {
  EXPECT_TRUE(token(ten).granted);
  EXPECT_TRUE(token(ten).granted);
  const std::chrono::system_clock::time_point told =
      std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now()) - 3s;
  const auto late = token(ten, told);
  EXPECT_TRUE(late.wait);
  EXPECT_EQ(late.turn, told);
}

TEST_F(Limits, HaveNoTimeForJobsBeyondTheNextTenSeconds) {
  EXPECT_TRUE(token(rare).granted);
  EXPECT_TRUE(token(rare).granted);
  EXPECT_TRUE(token(rare).wait);
  EXPECT_FALSE(token(rare).wait) << "in twenty seconds";
  EXPECT_EQ(room(rare), 0U);
  outside("UPDATE {schema}.rate SET last_turn = last_turn - interval '30 seconds'");
  EXPECT_EQ(room(rare), 1U);
  EXPECT_EQ(detail::change_limit(database, "rare", 0), true);
  EXPECT_EQ(room(rare), 0U);
  EXPECT_FALSE(token(rare).wait) << "with a limit of 0 there is no time at all";
  EXPECT_EQ(room(ten), 11U) << "one now, and one for each second";
}

TEST_F(Limits, AreChangedBySqlAndDeclaredAnewByWorkers) {
  EXPECT_TRUE(outside("SELECT {schema}.set_limit('ten', 3)")[0][0].as<bool>());
  EXPECT_FALSE(outside("SELECT {schema}.set_limit('ten', 3)")[0][0].as<bool>());
  detail::declare_limits(database, std::vector{one_each, ten});
  const auto rows = detail::find_limits(database);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[2].name, "ten");
  EXPECT_EQ(rows[2].most, 3) << "whatever is declared";
  EXPECT_EQ(rows[2].declared_most, 10);
  EXPECT_EQ(rows[2].per, 10s);
  EXPECT_TRUE(rows[2].changed_at);
  EXPECT_FALSE(rows[0].changed_at);
  for (const auto* const wrong : {"'eleven', 1", "'ten', -1", "'ten', 10001"}) {
    const auto error = support::caught<pqxx::sql_error>(
        [&] { outside("SELECT {schema}.set_limit(" + std::string{wrong} + ")"); });
    ASSERT_TRUE(error) << wrong;
    EXPECT_EQ(error->sqlstate(), "22023");
  }
  EXPECT_EQ(detail::change_limit(database, "eleven", 1), std::nullopt);
}

}  // namespace
}  // namespace aftercommit
