// What the dashboard says and does, against docs/api/openapi.json and against the servers.
#include <gmock/gmock.h>

#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/log.hpp"
#include "client/job_table/limits.hpp"
#include "dashboard/api.hpp"
#include "dashboard_api_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

using support::DashboardApi;
using support::description;

TEST_F(DashboardApi, HasTheCallsThatItsDescriptionNames) {
  std::set<std::pair<std::string, std::string>> described,
      there{{"/api/session", "post"}, {"/api/session/end", "post"}};
  const auto paths = description().at("paths");
  for (const auto& [path, methods] : paths.items()) {
    for (const auto& [method, call] : methods.items()) described.emplace(path, method);
  }
  for (const auto& route : dashboard::routes()) {
    there.emplace(std::string{route.path}, route.method == "GET" ? "get" : "post");
  }
  EXPECT_EQ(described, there);
}

TEST_F(DashboardApi, ShowsWhatTheServersHold) {
  durable(1), durable(2);
  other(3);
  const auto dead = die().str();
  fetch();
  detail::declare_limits(
      database, std::vector<detail::DeclaredLimit>{{.name = "bank", .most = 10, .per = 1s, .burst = 1}});
  serve();
  const auto queues = look("/api/queues").at("queues");
  ASSERT_EQ(queues.size(), 1U);
  EXPECT_EQ(queues[0].at("queue"), "mail");
  EXPECT_EQ(queues[0].at("ready"), 1);
  EXPECT_EQ(queues[0].at("running"), 1);
  EXPECT_EQ(queues[0].at("dead"), json::parse(R"({"jobs": 1, "at_least": false, "is_estimate": false})"));
  EXPECT_EQ(queues[0].at("died_lately"), 1);
  EXPECT_EQ(queues[0].at("durable").at("jobs"), 1);
  const auto overview = look("/api/overview");
  EXPECT_EQ(overview.at("sum").at("ready"), 1);
  EXPECT_GE(overview.at("history").at("times").size(), 1U);
  EXPECT_EQ(overview.at("attention").size(), 2U);  // nobody serves it, and a job has died
  EXPECT_EQ(look("/api/jobs").at("jobs").size(), 2U);
  EXPECT_EQ(look("/api/jobs?queue=mail&state=running").at("jobs").size(), 1U);
  EXPECT_EQ(look("/api/dead").at("dead").at(0).at("id"), dead);
  const auto story = look("/api/job?id=" + dead);
  EXPECT_EQ(story.at("fate"), "dead");
  EXPECT_EQ(story.at("letter").at("errors").size(), 1U);
  EXPECT_EQ(look("/api/job?id=" + JobId::generate().str()).at("fate"), "unknown");
  EXPECT_EQ(look("/api/limits").at("limits").at(0).at("name"), "bank");
  EXPECT_EQ(change("/api/limits/set", {{"name", "bank"}, {"most", 3}}).at("changed"), true);
  EXPECT_EQ(look("/api/limits").at("limits").at(0).at("most"), 3);
  EXPECT_TRUE(look("/api/workers").at("workers").is_array());
  EXPECT_TRUE(look("/api/periodic").at("periodic").is_array());
  EXPECT_EQ(look("/api/act").at("acts").size(), 0U);
  look("/api/about");
  change("/api/audit", json::object());
  EXPECT_TRUE(support::eventually([&] { return json_of(get("/api/audit")).at("state") == "done"; }));
  EXPECT_EQ(look("/api/audit").at("needs_somebody"), false);
}

TEST_F(DashboardApi, HidesArgumentsAndTheSearchOfThemUnlessToldOtherwise) {
  const auto job = durable(4711).str();
  serve();
  EXPECT_THAT(get("/api/jobs")->body, Not(HasSubstr("4711")));
  EXPECT_THAT(get("/api/job?id=" + job)->body, Not(HasSubstr("4711")));
  EXPECT_EQ(get("/api/jobs?argument=4711")->status, 403);
  EXPECT_EQ(get("/api/dead?argument=4711")->status, 403);
  serve({.show_args = true});
  EXPECT_EQ(look("/api/job?id=" + job).at("args").at(0), 4711);
  EXPECT_EQ(look("/api/jobs?argument=4711").at("jobs").size(), 1U);
  EXPECT_EQ(look("/api/jobs?argument=4712").at("jobs").size(), 0U);
  serve({.show_args = true, .redact = {receipt.name() + "#1"}});
  EXPECT_THAT(get("/api/job?id=" + job)->body, Not(HasSubstr("4711")));
  EXPECT_EQ(look("/api/jobs?argument=4711").at("jobs").size(), 0U);  // else the search would tell it
  die();
  EXPECT_EQ(look("/api/dead").at("dead").size(), 1U);
  EXPECT_EQ(look("/api/dead/count?argument=4711").at("count"), 0);
}

TEST_F(DashboardApi, SendsWhatJobsHoldAsJsonAndNeverAsMarkup) {
  const std::string payload = "</script><img src=x onerror=alert(1)>";
  durable(1);
  const auto dead = die(payload).str();
  redis.ask("ZADD", redis.mail().dead, "1", payload);
  serve({.show_args = true});
  for (const std::string path : {"/api/dead", "/api/overview", "/api/job?id="}) {
    const auto answer = get(path.ends_with('=') ? path + dead : path);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->get_header_value("Content-Type"), "application/json; charset=utf-8");
    EXPECT_THAT(answer->body, AllOf(Not(HasSubstr("<")), Not(HasSubstr(">"))));
  }
  const auto list = look("/api/dead").at("dead");
  ASSERT_EQ(list.size(), 2U);
  EXPECT_EQ(list[0].at("reason"), payload);
  const auto letter = look("/api/job?id=" + list[1].at("id").get<std::string>()).at("letter");
  EXPECT_EQ(letter.at("received"), payload);
  EXPECT_THAT(get("/api/jobs?state=%3Cscript%3E")->body, Not(HasSubstr("<")));
}

TEST_F(DashboardApi, RetriesAndDeletesDeadJobsSinglyAndAllThatTheFilterMatches) {
  for (long id = 1; id <= 3; ++id) durable(id), die("no such order");
  durable(4);
  const auto other_reason = die("card refused").str();
  serve();
  const auto counted = look("/api/dead/count?error=no%20such");
  EXPECT_EQ(counted.at("count"), 3);
  EXPECT_EQ(counted.at("at_least"), false);
  EXPECT_EQ(post("/api/dead/delete", {{"filter", {{"error", "no such"}}}})->status,
            400);  // nobody has agreed to a number
  EXPECT_EQ(post("/api/dead/delete", json::object())->status, 400);
  const auto act =
      change("/api/dead/retry",
             {{"filter", {{"error", "no such"}, {"before_ms", counted.at("before_ms")}}}, {"of", 3}});
  const auto id = act.at("act").get<std::string>();
  EXPECT_TRUE(support::eventually(
      [&] { return json_of(get("/api/act?id=" + id)).at("acts").at(0).at("state") == "done"; }));
  EXPECT_EQ(look("/api/act?id=" + id).at("acts").at(0).at("outcome").at("changed"), 3);
  EXPECT_EQ(look("/api/dead").at("dead").size(), 1U);
  EXPECT_EQ(calls.counts().ready, 3);
  const auto deleted = change("/api/dead/delete", {{"ids", {other_reason, JobId::generate().str()}}});
  EXPECT_EQ(deleted.at("outcome").at("changed"), 1);
  EXPECT_EQ(deleted.at("outcome").at("missing").size(), 1U);
  EXPECT_EQ(look("/api/dead").at("dead").size(), 0U);
}

TEST_F(DashboardApi, CancelsAndPausesAndSaysInTheLogWhoDidIt) {
  const auto job = durable(1).str();
  serve({.token_file = file("ann:0123456789abcdef0123\n")});
  auto ann = change_headers();
  ann.emplace("Authorization", "Bearer 0123456789abcdef0123");
  std::vector<std::string> lines;
  std::mutex mutex;
  set_log_handler([&](const LogEvent& event) {
    std::string line{event.message};
    for (const auto& [name, value] : event.fields) line.append(" ").append(name).append("=").append(value);
    const std::scoped_lock lock{mutex};
    lines.push_back(line);
  });
  const auto cancelled = json_of(post("/api/jobs/cancel", {{"id", job}, {"note", "ordered twice"}}, ann));
  const auto paused = json_of(post("/api/queues/pause", {{"queue", "mail"}}, ann));
  set_log_handler({});
  EXPECT_EQ(comparison.look("/api/jobs/cancel", "post", cancelled), "");
  EXPECT_EQ(cancelled.at("is_cancelled"), true);
  EXPECT_EQ(comparison.look("/api/queues/pause", "post", paused), "");
  EXPECT_THAT(lines,
              ::testing::IsSupersetOf(
                  {::testing::ContainsRegex("who=ann from=127.0.0.1 what=cancel subject=" + job),
                   ::testing::ContainsRegex("who=ann from=127.0.0.1 what=pause subject=mail outcome=done")}));
}

TEST_F(DashboardApi, AsksTheServersOnceHoweverManyPagesAreOpen) {
  durable(1);
  serve();
  look("/api/overview");
  std::set<std::string> seen;  // one look serves all who ask within its time
  for (int i = 0; i < 10; ++i) seen.insert(json_of(get("/api/queues")).at("at").get<std::string>());
  EXPECT_LE(seen.size(), 2U);
}

}  // namespace
}  // namespace aftercommit
