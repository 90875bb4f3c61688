/// A dead job as data: whatever its letter is like, it can be named, shown and judged.
#include "operate/dead_job.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace aftercommit::operate {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;
using ::testing::HasSubstr;
using Time = std::chrono::system_clock::time_point;

const Time kTime{1'700'000'000'123ms};

DeadLetter letter_of(const JobId& id, bool durable) {
  Envelope job{.id = id, .task = "send_receipt"};
  job.args = {4711};
  job.queue = "mail";
  job.enqueued_at = kTime - 1h;
  job.attempt = 2;
  job.durable = durable;
  job.headers = {{"tenant", "blue"}};
  add_error(job, {1, kTime - 1s, "web-1", "mail server is down"});
  DeadLetter letter;
  letter.cause = DeadLetter::Cause::kRejected;
  letter.reason = "no such order";
  letter.worker = "web-1";
  letter.at = kTime;
  letter.entry = "1-1";
  letter.job = job;
  return letter;
}

DeadJob in_redis(std::string text) { return dead_job({}, {}, "mail", kTime, std::move(text)); }

TEST(DeadJob, HasTheIdOfItsJobAndTellsItsArgumentsInFullAlone) {
  const auto id = JobId::generate();
  const auto dead = in_redis(encode(letter_of(id, false)));
  EXPECT_EQ(dead.id, id.str());
  EXPECT_EQ(dead.obstacle(), "");
  const auto brief = json::parse(in_json(dead).dump());
  EXPECT_EQ(brief.at("durable"), false);
  EXPECT_EQ(brief.at("database"), nullptr);
  EXPECT_EQ(brief.at("task"), "send_receipt");
  EXPECT_EQ(brief.at("cause"), "rejected");
  EXPECT_EQ(brief.at("attempts"), 2);
  EXPECT_FALSE(brief.contains("args"));
  const auto full = json::parse(in_full(dead).dump());
  EXPECT_EQ(full.at("args"), json::parse("[4711]"));
  EXPECT_EQ(full.at("headers"), json::parse(R"({"tenant": "blue"})"));
  EXPECT_EQ(full.at("trace_id"), nullptr);
  EXPECT_EQ(full.at("errors").at(0).at("error"), "mail server is down");
}

TEST(DeadJob, HasAHandleOfItsOwnWhereItsLetterCannotBeRead) {
  const auto dead = in_redis("hello");
  EXPECT_TRUE(is_letter_handle(dead.id)) << dead.id;
  EXPECT_EQ(dead.id, in_redis("hello").id);
  EXPECT_NE(dead.id, in_redis("hello!").id);
  EXPECT_EQ(dead.cause(), "unreadable");
  EXPECT_EQ(dead.reason(), dead.flaw);
  EXPECT_THAT(dead.obstacle(), HasSubstr("cannot be read"));
  EXPECT_EQ(json::parse(in_full(dead).dump()).at("received"), "hello");
}

TEST(DeadJob, OfATableHasTheIdOfItsRowAndCannotRunAgainUnderThatOfAnother) {
  const auto id = JobId::generate();
  const auto text = encode(letter_of(id, true));
  const auto own = dead_job("reports", id, "mail", kTime, text);
  EXPECT_EQ(own.obstacle(), "");
  EXPECT_EQ(json::parse(in_json(own).dump()).at("database"), "reports");
  const auto row = JobId::generate();
  const auto wrong = dead_job("reports", row, "mail", kTime, text);
  EXPECT_EQ(wrong.id, row.str());
  EXPECT_THAT(wrong.obstacle(), HasSubstr("not the job of this id"));
}

TEST(DeadJob, CannotRunAgainOnceItHasExpired) {
  auto letter = letter_of(JobId::generate(), false);
  letter.job->expires_at = kTime;
  EXPECT_THAT(in_redis(encode(letter)).obstacle(), HasSubstr("expired"));
}

TEST(LetterHandle, IsNothingElse) {
  EXPECT_TRUE(is_letter_handle("letter-0123456789abcdef"));
  for (const auto* text :
       {"letter-0123456789abcde", "letter-0123456789ABCDEF", "letter-", "0123456789abcdef", ""})
    EXPECT_FALSE(is_letter_handle(text)) << text;
}

}  // namespace
}  // namespace aftercommit::operate
