/// Flows in the dashboard: what is shown of them, and events that they are given.
#include <gmock/gmock.h>

#include <mutex>
#include <string>
#include <vector>

#include "aftercommit/log.hpp"
#include "client/statements/sql_template.hpp"
#include "dashboard_api_fixture.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class DashboardFlow : public support::DashboardApi {
 protected:
  /// A job that is a flow: it has done a step, and waits for an event.
  std::string waiting_flow() {
    const auto flow = durable(1).str();
    const auto fill = [&](const std::string& statement) {
      database.exec(detail::in_schema(statement, schema().name()), flow);
    };
    fill("INSERT INTO {schema}.flow (id, task) VALUES ($1, 'fulfil')");
    fill(
        "INSERT INTO {schema}.flow_step (flow, place, name, kind, value, tries, began_at, done_at) VALUES "
        "($1, 0, 'charge', 'step', '{\"card\": 4711, \"password\": \"x\"}', 2, now(), now())");
    fill(
        "INSERT INTO {schema}.flow_event (flow, name, until) VALUES ($1, 'approved', now() + interval '1 "
        "day')");
    return flow;
  }
};

TEST_F(DashboardFlow, IsShownAndWhatItsStepsHaveReturnedIsHiddenAsArgumentsAre) {
  const auto flow = waiting_flow();
  serve();
  const auto hidden = look("/api/flow?id=" + flow);
  EXPECT_EQ(hidden.at("task"), "fulfil");
  EXPECT_EQ(hidden.at("steps").at(0).at("name"), "charge");
  EXPECT_EQ(hidden.at("steps").at(0).at("tries"), 2);
  EXPECT_EQ(hidden.at("events").at(0).at("name"), "approved");
  EXPECT_EQ(hidden.at("result"), nullptr);
  EXPECT_THAT(hidden.dump(), Not(HasSubstr("4711")));
  EXPECT_EQ(look("/api/flow?id=" + JobId::generate().str()).at("state"), "unknown");
  EXPECT_EQ(get("/api/flow?id=7")->status, 400);
  serve({.show_args = true, .redact = {"password"}});
  EXPECT_EQ(look("/api/flow?id=" + flow).at("result"),
            json::parse(R"json({"charge": {"card": 4711, "password": "(hidden)"}})json"));
  serve({.show_args = true, .redact = {"fulfil#*"}});
  EXPECT_THAT(look("/api/flow?id=" + flow).dump(), Not(HasSubstr("4711")));
}

TEST_F(DashboardFlow, IsGivenAnEventAndCancelled) {
  const auto flow = waiting_flow();
  serve();
  const json event{{"id", flow}, {"event", "approved"}, {"value", {{"by", "Ada"}}}};
  EXPECT_EQ(post("/api/flows/signal", event, {})->status, 403) << "of a page of somebody else";
  std::vector<std::string> lines;
  std::mutex mutex;
  set_log_handler([&](const LogEvent& line) {
    std::string text;
    for (const auto& [name, value] : line.fields) text.append(" ").append(name).append("=").append(value);
    const std::scoped_lock lock{mutex};
    lines.push_back(text);
  });
  EXPECT_EQ(change("/api/flows/signal", event).at("answer"), "given");
  set_log_handler({});
  EXPECT_THAT(lines, Contains(HasSubstr(" from=127.0.0.1 what=signal subject=" + flow +
                                        " approved outcome=it is given")));
  EXPECT_EQ(change("/api/flows/signal", event).at("answer"), "taken");
  EXPECT_EQ(look("/api/flow?id=" + flow).at("events").at(0).at("given"), true);
  const auto kept = database.exec(
      detail::in_schema("SELECT value::text FROM {schema}.flow_event WHERE flow = $1", schema().name()),
      flow);
  EXPECT_EQ(json::parse(kept[0][0].as<std::string>()), event.at("value"));
  EXPECT_EQ(change("/api/jobs/cancel", {{"id", flow}}).at("is_cancelled"), true);
  EXPECT_EQ(look("/api/flow?id=" + flow).at("state"), "cancelled");
  EXPECT_EQ(change("/api/flows/signal", event).at("answer"), "ended");
  EXPECT_EQ(post("/api/flows/signal", {{"id", JobId::generate().str()}, {"event", "approved"}})->status, 404);
  EXPECT_EQ(post("/api/flows/signal", {{"id", flow}, {"event", "no \"name\""}})->status, 400);
  serve({.read_only = true});
  EXPECT_EQ(post("/api/flows/signal", event)->status, 403);
}

}  // namespace
}  // namespace aftercommit
