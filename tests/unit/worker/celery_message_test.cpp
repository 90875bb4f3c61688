// What a message of Celery's means as a job, and which are none.
#include "worker/celery/celery_message.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "base/text/base64.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using std::chrono::system_clock;
using ::testing::HasSubstr;

constexpr const char* kCeleryId = "d4f7e1d6-5c3b-4a57-9d3e-0a1b2c3d4e5f";
constexpr system_clock::time_point kReceived{1'700'000'000'123ms};

/// As Celery 5.2 writes it, but for what a test sets in `body` or anywhere else.
json celery_message(const json& body = json::parse(R"([[42, "a"], {}, {"callbacks": null, "errbacks": null,
                                                       "chain": null, "chord": null}])")) {
  auto message = json::parse(R"({"content-encoding": "utf-8", "content-type": "application/json",
    "headers": {"lang": "py", "task": "shop.tasks.send_receipt", "id": "", "shadow": null, "eta": null,
                "expires": null, "group": null, "group_index": null, "retries": 0, "timelimit": [null, null],
                "root_id": "", "parent_id": null, "argsrepr": "[42, 'a']", "kwargsrepr": "{}",
                "origin": "gen4711@web1", "ignore_result": false},
    "properties": {
  "correlation_id" : "",
                     "reply_to" : "9f",
                                  "delivery_mode" : 2,
                                  "delivery_info" : {"exchange" : "", "routing_key" : "celery"},
                                                    "priority" : 0,
                                                    "body_encoding" : "base64",
                                                                      "delivery_tag" : "5a"
}
})");
  message["headers"]["id"] = kCeleryId;
  message["body"] = to_base64(body.dump());
  return message;
}

std::variant<CeleryJob, CeleryRefusal> read_as_celery(const std::string& text, std::size_t limit = 1 << 20) {
  return read_celery_message(text, "mail", limit, kReceived);
}
CeleryJob read_as_job(const json& message) {
  auto read = read_as_celery(message.dump());
  const auto* const refused = std::get_if<CeleryRefusal>(&read);
  if (refused != nullptr) throw std::runtime_error{refused->reason};
  return std::get<CeleryJob>(std::move(read));
}
/// Why one is refused that was changed so.
CeleryRefusal refusal_of(const std::function<void(json&)>& change) {
  auto message = celery_message();
  change(message);
  auto read = read_as_celery(message.dump());
  if (std::holds_alternative<CeleryJob>(read)) return {.reason = "not refused"};
  return std::get<CeleryRefusal>(std::move(read));
}

TEST(CeleryMessage, IsADurableJobUnderItsIdInTheQueueOfItsName) {
  const auto [job, eta] = read_as_job(celery_message());
  Envelope expected{.id = JobId::parse(kCeleryId).value(),
                    .task = "shop.tasks.send_receipt",
                    .args = json::parse(R"([42, "a"])"),
                    .queue = "mail",
                    .enqueued_at = kReceived};
  expected.durable = true;
  EXPECT_EQ(job, expected);
  EXPECT_EQ(eta, std::nullopt);
}

TEST(CeleryMessage, KeepsWhatItsCallHasSaid) {
  auto message =
      celery_message(json::parse(R"([[18446744073709551615, 0.1, "Grüße 😀", null, {"a": [true]}], {}, {}])"));
  message["headers"].update(
      json::parse(R"({"eta": "2024-02-29T14:00:00.25+02:00", "expires": "2024-03-01T00:00:00",
    "retries": 2, "timelimit": [90, 0.5], "tenant": "blau", "sentry trace": "no name of ours", "number": 7,
    "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"})"));
  message["properties"]["priority"] = 6;
  const auto [job, eta] = read_as_job(message);
  EXPECT_EQ(job.args.dump(), R"([18446744073709551615,0.1,"Grüße 😀",null,{"a":[true]}])");
  EXPECT_EQ(eta, system_clock::time_point{1'709'208'000'250ms});
  EXPECT_EQ(job.expires_at, system_clock::time_point{1'709'251'200'000ms});
  EXPECT_EQ(job.attempt, 3);
  EXPECT_EQ(job.time_limit, 90s);
  EXPECT_EQ(job.soft_time_limit, 500ms);
  EXPECT_EQ(job.priority, Priority::kLow);
  EXPECT_EQ(job.headers, (Headers{{"tenant", "blau"}}));
  EXPECT_EQ(job.trace.at("traceparent"), "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
}

TEST(CeleryMessage, MayHaveABodyWithoutBase64AndEmptyListsOfWhatFollows) {
  auto message = celery_message();
  message["body"] = R"([[1], {}, {"callbacks": [], "chain": []}])";
  message["properties"].erase("body_encoding");
  EXPECT_EQ(read_as_job(message).job.args, json::parse("[1]"));
}

TEST(CeleryMessage, IsRefusedWithAReasonThatSaysWhatToDo) {
  const auto with_body = [](const char* body) {
    return [body](json& message) { message["body"] = to_base64(body); };
  };
  const auto with_header = [](const char* name, const json& value) {
    return [name, value](json& message) { message["headers"][name] = value; };
  };
  const std::vector<std::pair<std::function<void(json&)>, const char*>> cases{
      {with_body(R"([[], {"order_id": 7, "copies": 2}, {}])"),
       "it has arguments by name (copies, order_id), which have none in C++: give them by position"},
      {with_body(R"([[], {}, {"chord": {"task": "sum"}}])"),
       "a chord is to follow it, which there is not here: ask for the next job in the task"},
      {with_body(R"([[], {}, {"callbacks": [{"task": "next"}]}])"), "a callback (link) is to follow it"},
      {with_body(R"([[], {}, {"errbacks": [{"task": "next"}]}])"), "an errback (link_error) is to follow it"},
      {with_body(R"([[], {}, {"chain": [{"task": "next"}]}])"), "a chain is to follow it"},
      {with_body(R"([[NaN], {}, {}])"), "its body cannot be read: "},
      {with_body(R"({"task": "x"})"), "its body is not [args, kwargs, embed]"},
      {with_body(R"([[18446744073709551616], {}, {}])"), "its body cannot be read: "},
      {[](json& message) { message["body"] = "?"; }, "its body is not base64, as its body_encoding says"},
      {[](json& message) { message.erase("body"); }, "it has no body"},
      {[](json& message) { message["properties"]["body_encoding"] = "rot13"; },
       "its body_encoding 'rot13' is unknown"},
      {[](json& message) { message["content-type"] = "application/x-python-serialize"; },
       "its body is 'application/x-python-serialize', and only JSON is read: set task_serializer to 'json'"},
      {[](json& message) { message["content-encoding"] = "binary"; },
       "its body is in 'binary', and only utf-8 is read"},
      {with_header("compression", "application/x-gzip"), "its body is compressed"},
      {with_header("eta", "soon"), "its eta 'soon' is no time of ISO 8601 up to the year 2262"},
      {with_header("eta", 7), "its eta '7' is no time of ISO 8601"},
      {with_header("expires", "9999-12-31T23:59:59+00:00"),
       "its expires '9999-12-31T23:59:59+00:00' is no time"},
      {with_header("retries", -1), "its retries '-1' are no number below 1000000"},
      {with_header("timelimit", {"soon", nullptr}), "its time limit '\"soon\"' is no number of seconds"},
      {with_header("task", "über.tasks"), "its task 'über.tasks' has no name that a task can have here"},
      {with_header("id", "invoice 7"), "its id 'invoice 7' is no UUID, as Celery makes them"},
      {[](json& message) { message["headers"].erase("task"); }, "set task_protocol to 2"},
      {[](json& message) { message = json::array(); }, "set task_protocol to 2"}};
  for (const auto& [change, reason] : cases) EXPECT_THAT(refusal_of(change).reason, HasSubstr(reason));
}

TEST(CeleryMessage, ThatIsRefusedSaysWhoseItIsAsFarAsItCanBeRead) {
  const auto known = refusal_of([](json& message) { message["headers"]["eta"] = "soon"; });
  EXPECT_EQ(known.id, JobId::parse(kCeleryId));
  EXPECT_EQ(known.task, "shop.tasks.send_receipt");
  const auto unknown = std::get<CeleryRefusal>(read_as_celery("\xff"));
  EXPECT_EQ(unknown.id, std::nullopt);
  EXPECT_THAT(unknown.reason, HasSubstr("the message cannot be read: "));
}

TEST(CeleryMessage, IsRefusedOverTheLimitOfAJob) {
  const auto message = celery_message().dump();
  EXPECT_TRUE(std::holds_alternative<CeleryJob>(read_as_celery(message, 300)));
  EXPECT_THAT(std::get<CeleryRefusal>(read_as_celery(message, 100)).reason,
              HasSubstr("bytes is over the limit of 100: store the data and pass its key"));
}

}  // namespace
}  // namespace aftercommit::worker
