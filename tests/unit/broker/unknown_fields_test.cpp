/// Fields of a later program: kept in whatever this one writes of a job.
#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "broker/envelope/dead_letter.hpp"
#include "broker/envelope/envelope.hpp"
#include "unit/broker/read_envelope.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

Envelope early_job() {
  Envelope envelope{.id = *JobId::parse("01890a5d-ac96-774b-bcce-b302099a8057")};
  envelope.task = "send_receipt";
  envelope.args = {42};
  envelope.queue = "mail";
  envelope.enqueued_at = kTime;
  envelope.backoff = exponential(1s, 10min, 3.0, 0.1);
  envelope.durable = true;
  add_error(envelope, {1, kTime + 1s, "web-1/4711", "mail server is down"});
  return envelope;
}

const json kOfTheJob = {{"urgency", {{"class", "high"}, {"steps", {1, -2.5, nullptr, true, UINT64_MAX}}}},
                        {"note", nullptr},
                        {"", json::array()}};
const json kOfTheBackoff = {{"curve", {0.5, 1}}};
const json kOfTheError = {{"host", "web-1"}, {"stack", {{"line", 7}}}};

/// The job as a later program may write it.
json later_json() {
  json text = json::parse(encode(early_job()));
  text.update(kOfTheJob);
  text["backoff"].update(kOfTheBackoff);
  text["errors"][0].update(kOfTheError);
  return text;
}

Envelope later_job() { return read(later_json().dump()); }

json deep(int depth) {
  auto value = json::array();
  for (int level = 1; level < depth; ++level) value = json::array({std::move(value)});
  return value;
}

TEST(UnknownFields, AreKeptInTheJobItsBackoffAndItsErrors) {
  const auto known = later_job();
  EXPECT_EQ(known.unknown, kOfTheJob);
  EXPECT_EQ(known.unknown_in_backoff, kOfTheBackoff);
  ASSERT_EQ(known.errors.size(), 1U);
  EXPECT_EQ(known.errors[0].unknown, kOfTheError);
  EXPECT_EQ(json::parse(encode(known)), later_json());
  EXPECT_EQ(read(encode(known)), known);
}

TEST(UnknownFields, ChangeNothingOfThoseThatAreKnown) {
  auto known = later_job();
  known.unknown = known.unknown_in_backoff = known.errors[0].unknown = nullptr;
  EXPECT_EQ(known, early_job());
}

TEST(UnknownFields, AreNoneWhereAllAreKnown) {
  const auto known = read(encode(early_job()));
  EXPECT_TRUE(known.unknown.is_null());
  EXPECT_TRUE(known.unknown_in_backoff.is_null());
  EXPECT_TRUE(known.errors.at(0).unknown.is_null());
}

TEST(UnknownFields, OfABackoffAreKeptWhereItSaysNothingElse) {
  json text = later_json();
  text["backoff"] = {{"kind", "fixed"}, {"base_ms", 5000}, {"curve", "flat"}};
  const auto known = read(text.dump());
  EXPECT_EQ(known.backoff, fixed(5s));
  EXPECT_EQ(json::parse(encode(known))["backoff"]["curve"], "flat");
}

TEST(UnknownFields, AreKeptByAWorkerThatWritesOfAFailureACrashAndATaskItDoesNotKnow) {
  auto known = later_job();
  ++known.attempt;
  ++known.crashes;
  known.unknown_since = kTime;
  add_error(known, {2, kTime + 2s, "web-2/4712", "still down"});

  json expected = later_json();
  expected["attempt"] = 2;
  expected["crashes"] = 1;
  expected["unknown_since"] = 1'700'000'000'123;
  expected["errors"].push_back(
      {{"attempt", 2}, {"at", 1'700'000'002'123}, {"worker", "web-2/4712"}, {"error", "still down"}});
  EXPECT_EQ(json::parse(encode(known)), expected);
}

TEST(UnknownFields, GoWithTheErrorThatTheyStandIn) {
  auto known = later_job();
  for (int attempt = 2; attempt <= 250; ++attempt) {
    add_error(known, {attempt, kTime, "w", "e", "", "", {{"host", attempt}}});
  }
  const auto errors = json::parse(encode(known))["errors"];
  ASSERT_EQ(errors.size(), kErrorsKept);
  EXPECT_EQ(errors[0]["host"], "web-1");
  EXPECT_EQ(errors[1]["host"], 152);
  EXPECT_EQ(errors.back()["host"], 250);
}

TEST(UnknownFields, AreKeptInADeadLetterAndInTheJobThatComesBackFromIt) {
  const auto text = encode(DeadLetter{.cause = DeadLetter::Cause::kRetriesExhausted,
                                      .reason = "down",
                                      .worker = "web-1/4711",
                                      .at = kTime,
                                      .entry = "1-0",
                                      .raw = {},
                                      .job = later_job()});
  EXPECT_EQ(json::parse(text)["job"], later_json());

  const auto letter = decode_dead_letter(text);
  ASSERT_TRUE(std::holds_alternative<DeadLetter>(letter));
  ASSERT_TRUE(std::get<DeadLetter>(letter).job);
  EXPECT_EQ(json::parse(encode(revived(*std::get<DeadLetter>(letter).job))), later_json());
}

TEST(UnknownFields, CountForThePayloadLimit) {
  json text = json::parse(encode(early_job()));
  text.erase("errors");  // as its producer writes it
  const auto limit = text.dump().size();
  EXPECT_EQ(flaw(text.dump(), limit), "");
  text["x"] = std::string(100, 'x');
  EXPECT_NE(flaw(text.dump(), limit), "");
}

TEST(UnknownFields, HoldNoMoreValuesThanTheLimitAllTogether) {
  const auto with = [](std::size_t in_job, std::size_t in_backoff, std::size_t in_error) {
    json text = json::parse(encode(early_job()));
    const auto put = [](json& object, std::size_t values) {  // the array is a value itself
      if (values > 0) object["x"] = std::vector<int>(values - 1);
    };
    put(text, in_job);
    put(text["backoff"], in_backoff);
    put(text["errors"][0], in_error);
    return text.dump();
  };
  for (const auto& text : {with(kUnknownValueLimit, 0, 0), with(kUnknownValueLimit - 30, 20, 10)}) {
    ASSERT_EQ(flaw(text), "");
    EXPECT_EQ(read(encode(read(text))), read(text));
  }
  for (const auto& text :
       {with(kUnknownValueLimit + 1, 0, 0), with(kUnknownValueLimit - 30, 20, 11), with(0, 0, 10'001)}) {
    EXPECT_EQ(flaw(text), "fields that this program does not know hold more than 10000 values");
  }
  auto envelope = early_job();
  envelope.unknown = {{"x", std::vector<int>(kUnknownValueLimit)}};
  EXPECT_THROW(encode(envelope), PayloadError);
}

TEST(UnknownFields, LeaveRoomForTheErrorsOfTheLargestJob) {
  auto worst = early_job();
  worst.args = std::vector<int>(kArgsValueLimit);
  worst.trace = std::vector<int>(kTraceValueLimit);
  worst.unknown = {{"x", std::vector<int>(kUnknownValueLimit - 1)}};
  ASSERT_EQ(read(encode(worst)), worst);
  for (std::size_t i = 0; i < 2 * kErrorsKept; ++i)
    add_error(worst, {static_cast<int>(i + 1), kTime, "w", "e", "std::runtime_error"});
  EXPECT_EQ(read(encode(worst)), worst);

  const auto letter = decode_dead_letter(
      encode(DeadLetter{.reason = "r", .worker = "w", .entry = "1-0", .raw = {}, .job = worst}));
  ASSERT_TRUE(std::holds_alternative<DeadLetter>(letter)) << std::get<Malformed>(letter).reason;
  EXPECT_EQ(std::get<DeadLetter>(letter).job, worst);
}

TEST(UnknownFields, NestAsDeepAsTheTextMay) {
  const auto with = [](int in_job, int in_backoff, int in_error) {
    auto envelope = early_job();
    envelope.unknown = {{"x", deep(in_job)}};
    envelope.unknown_in_backoff = {{"x", deep(in_backoff)}};
    envelope.errors[0].unknown = {{"x", deep(in_error)}};
    return envelope;
  };
  const auto deepest = with(kArgsDepthLimit, kArgsDepthLimit - 1, kArgsDepthLimit - 2);
  EXPECT_EQ(read(encode(deepest)), deepest);
  for (const auto& too_deep :
       {with(kArgsDepthLimit + 1, 1, 1), with(1, kArgsDepthLimit, 1), with(1, 1, kArgsDepthLimit - 1)}) {
    EXPECT_THROW(encode(too_deep), PayloadError) << "it could not be read";
  }
  json text = json::parse(encode(early_job()));
  text["errors"][0]["x"] = deep(kArgsDepthLimit - 1);
  EXPECT_NE(flaw(text.dump()), "");
}

TEST(UnknownFields, ThatStandTwiceAreMalformed) {
  const auto text = encode(early_job());
  const auto put = [&](std::string_view before, std::string_view piece) {
    return std::string{text}.insert(text.find(before), piece);
  };
  ASSERT_EQ(flaw(put(R"("task")", R"("x":1,)")), "");
  EXPECT_EQ(flaw(put(R"("task")", R"("x":1,"x":1,)")), "the key 'x' stands twice in one object");
  EXPECT_EQ(flaw(put(R"("kind")", R"("x":1,"x":1,)")), "the key 'x' stands twice in one object");
  EXPECT_EQ(flaw(put(R"("worker")", R"("x":1,"\u0078":1,)")), "the key 'x' stands twice in one object");
}

TEST(UnknownFields, AreNotWrittenIfTheyCouldNotBeRead) {
  const std::vector<json> wrong{{{"task", "other"}}, {{"v", 2}},   json::array(), "x",
                                {{"x", "\xFF"}},     {{"\xFF", 1}}};
  for (const auto& unknown : wrong) {
    auto envelope = early_job();
    envelope.unknown = unknown;
    EXPECT_THROW(encode(envelope), PayloadError);
  }
  auto envelope = early_job();
  envelope.unknown_in_backoff = {{"cap_ms", 1}};
  EXPECT_THROW(encode(envelope), PayloadError);
  envelope = early_job();
  envelope.errors[0].unknown = {{"at", 1}};
  EXPECT_THROW(encode(envelope), PayloadError);
}

}  // namespace
}  // namespace aftercommit
