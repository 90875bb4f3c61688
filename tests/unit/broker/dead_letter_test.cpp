/// Dead letters: nothing that arrived is lost in them, whatever bytes it was.
#include "broker/envelope/dead_letter.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "base/text/base64.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using nlohmann::json;
using Time = std::chrono::system_clock::time_point;

const Time kDeath{1'700'000'000'123ms};

Envelope job() {
  Envelope envelope{.id = *JobId::parse("01890a5d-ac96-774b-bcce-b302099a8057")};
  envelope.task = "send_receipt";
  envelope.args = {42};
  envelope.queue = "mail";
  envelope.enqueued_at = kDeath - 1h;
  envelope.attempt = 2;
  add_error(envelope, {1, kDeath - 1s, "web-1/4711", "mail server is down"});
  return envelope;
}

DeadLetter letter_of_job() {
  return {.cause = DeadLetter::Cause::kRetriesExhausted,
          .reason = "attempt 2 of 2 has failed",
          .worker = "web-1/4711",
          .at = kDeath,
          .entry = "1700000000000-0",
          .raw = {},
          .job = job()};
}

DeadLetter letter_of_raw(std::string raw) {
  return {.cause = DeadLetter::Cause::kMalformed,
          .reason = "a job must be a JSON object",
          .worker = "web-1/4711",
          .at = kDeath,
          .entry = "1700000000000-0",
          .raw = std::move(raw)};
}

DeadLetter read_letter(std::string_view text) {
  auto result = decode_dead_letter(text);
  if (const auto* malformed = std::get_if<Malformed>(&result)) throw std::runtime_error{malformed->reason};
  return std::get<DeadLetter>(std::move(result));
}

std::string letter_flaw(std::string_view text) {
  const auto result = decode_dead_letter(text);
  const auto* const malformed = std::get_if<Malformed>(&result);
  return malformed ? malformed->reason : "";
}

void expect_same(const DeadLetter& a, const DeadLetter& b) {
  EXPECT_EQ(a.cause, b.cause);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.worker, b.worker);
  EXPECT_EQ(a.at, b.at);
  EXPECT_EQ(a.entry, b.entry);
  EXPECT_EQ(a.raw, b.raw);
  EXPECT_EQ(a.job, b.job);
}

TEST(DeadLetter, HoldsTheJobWithItsErrors) {
  EXPECT_EQ(
      encode(letter_of_job()),
      R"({"v":1,"cause":"retries_exhausted","reason":"attempt 2 of 2 has failed","worker":"web-1/4711",)"
      R"("at":1700000000123,"entry":"1700000000000-0","job":)" +
          encode(job()) + "}");
}

TEST(DeadLetter, HoldsThePayloadWhereItIsNoJob) {
  EXPECT_EQ(encode(letter_of_raw("{\"x\"\n")),
            R"({"v":1,"cause":"malformed","reason":"a job must be a JSON object","worker":"web-1/4711",)"
            R"("at":1700000000123,"entry":"1700000000000-0","raw":"{\"x\"\n"})");
}

TEST(DeadLetter, HoldsBytesThatAreNotTextAsBase64) {
  EXPECT_NE(encode(letter_of_raw("\xFF\x00\x01"s)).find(R"("raw_base64":"/wAB"})"), std::string::npos);
}

TEST(DeadLetter, IsReadBackAsItWasWritten) {
  expect_same(read_letter(encode(letter_of_job())), letter_of_job());
  expect_same(read_letter(encode(letter_of_raw(""))), letter_of_raw(""));
  expect_same(read_letter(encode(letter_of_raw("\0\x1b{"s))), letter_of_raw("\0\x1b{"s));
}

TEST(DeadLetter, LeavesOutThePayloadWhereTheJobSaysItAll) {
  DeadLetter letter = letter_of_job();
  letter.raw = encode(job());
  expect_same(read_letter(encode(letter)), letter_of_job());
}

TEST(DeadLetter, KeepsEveryByteOfAnyPayload) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  for (int i = 0; i < 2000; ++i) {
    std::string raw(random() % 100, '\0');
    const unsigned mask = i % 2 ? 0x7F : 0xFF;
    for (char& byte : raw) byte = static_cast<char>(random() & mask);
    ASSERT_EQ(read_letter(encode(letter_of_raw(raw))).raw, raw);
  }
}

TEST(DeadLetter, CanBeWrittenWhateverItsTextsHold) {
  DeadLetter letter = letter_of_raw("x");
  letter.reason = "caf\xE9 " + std::string(5000, 'x');
  letter.worker = "\xFF";
  letter.entry = "\x00"s;
  letter.at = Time::min();
  const DeadLetter back = read_letter(encode(letter));
  EXPECT_EQ(back.reason.size(), kErrorTextLimit);
  EXPECT_EQ(back.worker, "\xEF\xBF\xBD");
  EXPECT_EQ(back.at, Time{});
}

TEST(DeadLetter, TakesTheDeepestAndLargestJobThereIs) {
  DeadLetter letter = letter_of_job();
  for (std::size_t i = 0; i < kErrorsKept; ++i) add_error(*letter.job, {1, kDeath, "w", "e"});
  letter.job->trace = std::vector<int>(kTraceValueLimit);
  letter.job->args = json::parse(std::string(64, '[') + std::string(64, ']'));
  expect_same(read_letter(encode(letter)), letter);
  letter.job->args = std::vector<int>(kArgsValueLimit);
  expect_same(read_letter(encode(letter)), letter);
}

TEST(DeadLetter, NamesEachCauseByAWord) {
  using Cause = DeadLetter::Cause;
  EXPECT_EQ(to_string(Cause::kRetriesExhausted), "retries_exhausted");
  EXPECT_EQ(to_string(Cause::kRejected), "rejected");
  EXPECT_EQ(to_string(Cause::kMalformed), "malformed");
  EXPECT_EQ(to_string(Cause::kUnknownTask), "unknown_task");
  EXPECT_EQ(to_string(Cause::kCrashed), "crashed");
  for (const Cause cause : {Cause::kRetriesExhausted, Cause::kRejected, Cause::kMalformed,
                            Cause::kUnknownTask, Cause::kCrashed}) {
    DeadLetter letter = letter_of_job();
    letter.cause = cause;
    EXPECT_EQ(read_letter(encode(letter)).cause, cause);
  }
}

TEST(MalformedDeadLetter, CutAnywhereIsRefused) {
  for (const std::string& whole : {encode(letter_of_job()), encode(letter_of_raw("\xFF"))}) {
    for (std::size_t length = 0; length < whole.size(); ++length)
      ASSERT_NE(letter_flaw(whole.substr(0, length)), "");
  }
}

TEST(MalformedDeadLetter, HoldsAWrongTypeInAnyField) {
  const json good = json::parse(encode(letter_of_job()));
  for (const auto& [field, ignored] : good.items()) {
    for (const json& wrong : {json(nullptr), json(true), json(-1), json(1.5), json::array()}) {
      json text = good;
      text[field] = wrong;
      EXPECT_TRUE(letter_flaw(text.dump()).starts_with("field '" + field + "' must be ")) << text;
    }
    json text = good;
    text.erase(field);
    EXPECT_NE(letter_flaw(text.dump()), "") << "without " << field;
  }
  json text = good;
  text["cause"] = "boredom";
  EXPECT_EQ(letter_flaw(text.dump()),
            "field 'cause' must be one of retries_exhausted, rejected, malformed, unknown_task, crashed, not "
            "the text 'boredom'");
}

TEST(MalformedDeadLetter, HoldsAJobThatIsMalformedItself) {
  json text = json::parse(encode(letter_of_job()));
  text["job"]["attempt"] = 0;
  EXPECT_EQ(letter_flaw(text.dump()),
            "in 'job': field 'attempt' must be a whole number from 1 to 1000000, not 0");
}

TEST(MalformedDeadLetter, HoldsBase64ThatIsNone) {
  json text = json::parse(encode(letter_of_raw("\xFF")));
  for (const char* wrong : {"x", "/w=", "/w", "_w==", "/x==", "/w==\n", "====", "/w==/w=="}) {
    text["raw_base64"] = wrong;
    EXPECT_NE(letter_flaw(text.dump()), "") << wrong;
  }
}

TEST(MalformedDeadLetter, IsAnythingThatIsNotJson) {
  for (const std::string& text : {""s, "null"s, "[]"s, "\0"s, "\xFF"s, std::string(1'000'000, '[')}) {
    EXPECT_NE(letter_flaw(text), "");
  }
}

TEST(Base64, IsThatOfTheRfc) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foo"), "Zm9v");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(to_base64("\xFB\xFF"), "+/8=");
  EXPECT_EQ(from_base64("Zm9vYg=="), "foob");
}

}  // namespace
}  // namespace aftercommit
