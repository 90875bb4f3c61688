// What of jobs is not sent to a browser, and that whatever is sent is no markup.
#include "dashboard/redaction.hpp"

#include <gmock/gmock.h>

#include "aftercommit/error.hpp"
#include "dashboard/metrics.hpp"
#include "dashboard/request.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::Json;
using ::testing::HasSubstr;
using ::testing::Not;

Json jobs() {
  return Json::parse(
      R"({"jobs": [{"task": "pay", "args": [7, {"Password": "x", "deep": [{"password": "y"}]}, "card"],
    "headers": {"tenant": "blue", "password": "z"}, "aside_for": "limit:default:per customer:4711", "queue": "mail"}]})");
}

TEST(Redaction, HidesAllArgumentsUnlessTheyAreAskedFor) {
  auto document = jobs();
  Redaction{false, {}}.apply(document);
  EXPECT_EQ(document, Json::parse(R"({"jobs": [{"task": "pay", "args": null, "headers": null,
    "aside_for": "limit:default:per customer", "queue": "mail", "args_hidden": true}]})"));
}

TEST(Redaction, HidesWhatItsRulesNameAndShowsTheRest) {
  auto document = jobs();
  Redaction{true, {"password", "pay#3", "other#1"}}.apply(document);
  EXPECT_EQ(document["jobs"][0]["args"],
            Json::parse(
                R"json([7, {"Password": "(hidden)", "deep": [{"password": "(hidden)"}]}, "(hidden)"])json"));
  EXPECT_EQ(document["jobs"][0]["headers"],
            Json::parse(R"json({"tenant": "blue", "password": "(hidden)"})json"));
  EXPECT_EQ(document["jobs"][0]["aside_for"], "limit:default:per customer");  // a key made of arguments
  document = Json::parse(R"({"unique": [{"given_key": "customer 4711"}]})");
  Redaction{true, {"pay#1"}}.apply(document);
  EXPECT_EQ(document["unique"][0]["given_key"], "(hidden)");
  const auto searched = Redaction{true, {"pay#1"}}.searched("pay", {4711, "card"});
  EXPECT_EQ(searched, "[\"(hidden)\",\"card\"]");
  document = jobs();
  Redaction{true, {"pay#*"}}.apply(document);
  EXPECT_EQ(document["jobs"][0]["args"], "(hidden)");
  document = Json{{"received", "{\"password\": \"x\""}};
  Redaction{true, {"password"}}.apply(document);
  EXPECT_EQ(document["received"], "(hidden)");
  for (const char* wrong : {"", "pay#", "pay#0", "pay#x", "a b#1"}) {
    EXPECT_THROW((Redaction{true, {wrong}}), UsageError) << wrong;
  }
}

TEST(AnswerOfTheDashboard, HoldsNoTagsWhateverJobsHold) {
  const Json document{{"error", "</script><img src=x onerror=alert(1)> & \xff"}};
  const auto answer = json_answer(document);
  EXPECT_THAT(answer.body, Not(HasSubstr("<")));
  EXPECT_THAT(answer.body, Not(HasSubstr(">")));
  EXPECT_EQ(Json::parse(answer.body)["error"], "</script><img src=x onerror=alert(1)> & \xef\xbf\xbd");
  EXPECT_EQ(answer.type, "application/json; charset=utf-8");
}

TEST(MetricsOfWorkers, AreSummedOverTheirSeries) {
  const auto sums = sums_of_metrics(
      "# HELP a_total x\n# TYPE a_total counter\na_total{task=\"x}\\\"\",q=\"y\"} 2\na_total{task=\"z\"} 3.5 "
      "1700000000\n"
      "b 1e3\ne_total{task=\"t\",outcome=\"duplicate\"} 4\nbroken\nc{ 4\nd NaN\n");
  EXPECT_DOUBLE_EQ(sums.at("a_total"), 5.5);
  EXPECT_DOUBLE_EQ(sums.at("b"), 1000);
  EXPECT_DOUBLE_EQ(sums.at("e_total{outcome=duplicate}"), 4);
  EXPECT_EQ(sums.size(), 4U);
  EXPECT_THROW((Metrics{{"ftp://x"}}), UsageError);
  EXPECT_THROW((Metrics{{"http://user:pw@x/"}}), UsageError);
}

}  // namespace
}  // namespace aftercommit::dashboard
