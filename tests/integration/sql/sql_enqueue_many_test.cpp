/// Enqueueing many jobs by one call of SQL.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/fixtures/job_schema.hpp"
#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using support::Deliberate;
using ::testing::HasSubstr;

class SqlEnqueueMany : public support::JobSchema {
 protected:
  /// The ids, in the order of the answer.
  std::vector<std::string> enqueue_many(const std::string& args) {
    std::vector<std::string> ids;
    for (const auto& row : database.exec(sql("SELECT unnest({schema}.enqueue_many(" + args + "))")))
      ids.push_back(row[0].as<std::string>());
    return ids;
  }
  void expect_refused(const std::string& args, const std::string& message) {
    try {
      enqueue_many(args);
      ADD_FAILURE() << args << " was taken";
    } catch (const pqxx::sql_error& error) {
      EXPECT_EQ(support::sqlstate(error), "22023");
      EXPECT_THAT(error.what(), HasSubstr(message));
    }
  }
};

TEST_F(SqlEnqueueMany, WritesWhatEnqueueWritesForEachInTheirOrder) {
  const std::string options =
      "queue => 'mail', countdown => interval '10 seconds', max_retries => 5, expires => interval '1 hour', "
      "database => 'orders', priority => 1, headers => '{\"tenant\": \"a\"}', limit_key => 'k', "
      "traceparent => '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'";
  const auto ids = enqueue_many("'send', ARRAY['[1, \"a\"]', '[2, \"\\u00e9 \\\"\"]', '[]'], " + options);
  enqueue("'send', '[1, \"a\"]', " + options);
  const auto found = jobs();
  ASSERT_EQ(found.size(), 4U);
  ASSERT_EQ(ids.size(), 3U);
  for (std::size_t i = 0; i < ids.size(); ++i) EXPECT_EQ(found[i].id.str(), ids[i]);
  EXPECT_EQ(found[0].args, json::parse(R"([1, "a"])"));
  EXPECT_EQ(found[1].args, json::parse(R"([2, "é \""])"));
  EXPECT_EQ(found[2].args, json::array());
  auto same = found[3];
  same.id = found[0].id;
  same.enqueued_at = found[0].enqueued_at;
  same.expires_at = found[0].expires_at;
  EXPECT_EQ(encode(found[0]), encode(same));
  EXPECT_EQ(found[0].expires_at, found[0].enqueued_at + std::chrono::hours{1});
  const auto rows = outside("SELECT DISTINCT queue, due_at > clock_timestamp() FROM {schema}.job");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0].as<std::string>(), "mail");
  EXPECT_TRUE(rows[0][1].as<bool>());
}

TEST_F(SqlEnqueueMany, MakesIdsThatSortInTheOrderOfThousands) {
  const auto ids = enqueue_many("'t', ARRAY(SELECT '[' || n || ']' FROM generate_series(1, 20000) AS n)");
  ASSERT_EQ(ids.size(), 20'000U);
  const auto found = jobs();  // by their ids
  for (std::size_t i = 0; i < ids.size(); ++i) {
    ASSERT_EQ(found[i].id.str(), ids[i]);
    ASSERT_EQ(found[i].args, json::array({i + 1}));
  }
}

TEST_F(SqlEnqueueMany, OfNoneIsNoJobAndNoMistake) {
  EXPECT_TRUE(enqueue_many("'t', '{}'").empty());
  EXPECT_TRUE(enqueue_many("'t', (SELECT array_agg('[1]'::text) WHERE false)").empty());
  EXPECT_TRUE(jobs().empty());
}

TEST_F(SqlEnqueueMany, IsGoneWithItsTransaction) {  // P1
  EXPECT_THROW(database.atomic([&] {
    enqueue_many("'t', ARRAY['[1]', '[2]']");
    throw Deliberate{};
  }),
               Deliberate);
  EXPECT_TRUE(jobs().empty());
}

TEST_F(SqlEnqueueMany, RefusesAllWhereOneOfThemIsNoJobAndNamesIt) {
  expect_refused("'t', ARRAY['[1]', NULL]", "cannot enqueue task 't' with element 2 of args: args is NULL");
  expect_refused("'t', ARRAY['[1]', '{}']", "element 2 of args: args is a JSON object and not an array");
  expect_refused("'t', ARRAY['[1]', '[', '[2']", "element 2 of args: args is not JSON");
  expect_refused("'t', ARRAY['[1]', '[1,]']", "element 2 of args: args is not JSON");
  expect_refused("'t', ARRAY['[01]']", "element 1 of args: args is not JSON");
  expect_refused("'t', ARRAY['[99999999999999999999]']", "which does not fit 64 bits");
  expect_refused("'t', ARRAY['[1]', '[\"' || repeat('x', 1048500) || '\"]']",
                 "element 2 of args: the job takes 10486");
  expect_refused("'a b', ARRAY['[1]']", "cannot enqueue task 'a b': task 'a b' is not a name");
  expect_refused("'t', ARRAY['[1]'], queue => 'a b'", "queue 'a b' is not a name");
  EXPECT_TRUE(jobs().empty());
}

/// Each is taken by enqueue() as by JSON itself, with and without the closer look.
TEST_F(SqlEnqueueMany, TakesWhatLooksPlainAndWhatDoesNot) {
  const std::vector<std::string> all{"[]",
                                     "[ ]",
                                     " [1 , 2] ",
                                     "[-0, 0.5, -1.25]",
                                     "[true,false,null]",
                                     "[\"a b\"]",
                                     "[\"]\"]",
                                     "[\"~\"]",
                                     "[1e3]",
                                     "[\"\\n\"]",
                                     "[[1]]",
                                     "[{}]",
                                     "\t[1]\n",
                                     "[\"é\"]",
                                     "[\"\"]"};
  for (const auto& args : all) {
    database.exec(sql("SELECT {schema}.enqueue_many('t', ARRAY[$1])"), args);
    database.exec(sql("SELECT {schema}.enqueue('t', $1)"), args);
  }
  const auto found = jobs();
  ASSERT_EQ(found.size(), 2 * all.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_EQ(found[i].args, json::parse(all[i / 2]));
}

}  // namespace
}  // namespace aftercommit
