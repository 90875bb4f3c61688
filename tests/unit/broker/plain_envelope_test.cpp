/// The short way to read an envelope finds what the long way finds, or nothing.
#include "broker/envelope/plain_envelope.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json/json_parser.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using namespace std::string_view_literals;
using nlohmann::json;

const std::chrono::system_clock::time_point kTime{1'700'000'000'123ms};

/// As decode reads what is not plain.
std::optional<Envelope> the_long_way(std::string_view text) {
  auto parsed = parse_json(text, {kArgsDepthLimit + 1, 2 * kArgsValueLimit});
  if (std::holds_alternative<Malformed>(parsed)) return std::nullopt;
  auto read = read_envelope(std::get<json>(parsed));
  if (std::holds_alternative<Malformed>(read)) return std::nullopt;
  return std::get<Envelope>(std::move(read));
}

Envelope envelope_with(json args) {
  return {.id = *JobId::parse("01890a5d-ac96-774b-bcce-b302099a8057"),
          .task = "send_receipt",
          .args = std::move(args),
          .queue = "mail",
          .enqueued_at = kTime};
}

Envelope durable() {
  auto envelope = envelope_with({42, "someone@example.org"});
  envelope.durable = true;
  return envelope;
}

Envelope elsewhere() {
  auto envelope = envelope_with({1});
  envelope.database = "orders-2";
  return envelope;
}

Envelope durable_elsewhere() {
  auto envelope = elsewhere();
  envelope.durable = true;
  return envelope;
}

json nested_args(int depth) {
  auto value = json::array();
  for (int level = 1; level < depth; ++level) value = json::array({value});
  return value;
}

std::vector<Envelope> all_plain() {
  std::vector<Envelope> all{durable(), elsewhere(), durable_elsewhere()};
  for (const auto& args :
       {json::array(), json::array({1}),
        json::array({-1.5e300, 0, true, false, nullptr, UINT64_MAX, INT64_MIN}),
        json::array({json::array(), json::object(), json::array({json::array({1}), {{"a", {{"b", {2}}}}}})}),
        json::array({"", "\"", "\\", "\\\"", "]", "}", "[{", "\"]}", "\\\\\"]", ",\"queue\":\"other\""}),
        json::array({{{"]", "["}, {"}\"", "\\"}, {"durable", true}}}),
        json::array({"Gr\xC3\xBC\xC3\x9F"
                     "e",
                     "\xF0\x9F\x98\x80", "\x01\n\t\x7F", "\xE2\x80\xA8", "a\0b"s}),
        nested_args(kArgsDepthLimit)}) {
    all.push_back(envelope_with(args));
  }
  auto first = envelope_with({1});
  first.enqueued_at = {};
  first.task = first.queue = "x";
  all.push_back(first);
  return all;
}

/// True if the short way gives nothing, or what the long way gives; else the test fails, naming the text.
bool agrees(std::string_view text) {
  const auto plain = read_plain_envelope(text);
  if (!plain || plain == the_long_way(text)) return true;
  ADD_FAILURE() << "is read otherwise than by decode, or not read there: " << text;
  return false;
}

TEST(PlainEnvelope, IsWhatEncodeWritesOfAJobThatHasNotRunYet) {
  for (const auto& envelope : all_plain()) {
    const auto text = encode(envelope);
    const auto plain = read_plain_envelope(text);
    ASSERT_TRUE(plain) << text;
    EXPECT_EQ(*plain, envelope) << text;
    EXPECT_EQ(plain, the_long_way(text)) << text;
  }
}

TEST(PlainEnvelope, IsNotOneWithARareField) {
  const auto with = [](auto&& change) {
    auto envelope = durable_elsewhere();
    change(envelope);
    return encode(envelope);
  };
  const std::vector<std::string> texts{
      with([](Envelope& job) { job.attempt = 2; }),
      with([](Envelope& job) { job.max_retries = 0; }),
      with([](Envelope& job) { job.backoff = fixed(1s); }),
      with([](Envelope& job) { job.expires_at = kTime; }),
      with([](Envelope& job) { job.crashes = 1; }),
      with([](Envelope& job) {
        add_error(job, {1, kTime, "web-1", "down"});
      }),
      with([](Envelope& job) { job.unknown_since = kTime; }),
      with([](Envelope& job) {
        job.trace = {{"traceparent", "00"}};
      }),
      with([](Envelope& job) {
        job.headers = {{"tenant", "blue"}};
      }),
      with([](Envelope& job) { job.unique = true; }),
      with([](Envelope& job) {
        job.unknown = {{"urgency", 7}};
      }),
  };
  for (const auto& text : texts) {
    EXPECT_TRUE(the_long_way(text)) << text;
    EXPECT_FALSE(read_plain_envelope(text)) << text;
  }
}

TEST(PlainEnvelope, IsNotWhatAnotherProducerWritesInItsOwnWay) {
  for (
      const auto* text :
      {R"({"id":"01890a5d-ac96-774b-bcce-b302099a8057","v":1,"task":"t","args":[],"queue":"q","enqueued_at":1})",
       R"({ "v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"t","args":[],"queue":"q","enqueued_at":1})",
       R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"\u0074","args":[],"queue":"q","enqueued_at":1})",
       R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"t","args":[],"queue":"q","enqueued_at":1,"durable":false})",
       R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"t","args":[],"queue":"q","enqueued_at":1} )"}) {
    EXPECT_TRUE(the_long_way(text)) << text;
    EXPECT_FALSE(read_plain_envelope(text)) << text;
  }
}

TEST(PlainEnvelope, IsNothingForATextThatIsNoEnvelope) {
  const auto head = R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"t","args":)"s;
  const auto tail = R"(,"queue":"q","enqueued_at":)"s;
  const auto with_args = [&](const std::string& args) { return head + args + tail + "1}"; };
  const auto at = [&](const std::string& time) { return head + "[]" + tail + time + "}"; };
  ASSERT_TRUE(read_plain_envelope(with_args("[1]")));
  ASSERT_TRUE(read_plain_envelope(at("9223372036854")));
  const std::string too_many = "[" + std::string(2 * kArgsValueLimit, ',');
  std::string values = "[0";
  for (std::size_t i = 0; i < kArgsValueLimit; ++i) values += ",0";
  for (const auto& text : {""s,
                           "{"s,
                           "null"s,
                           "[]"s,
                           with_args(""),
                           with_args("null"),
                           with_args("{}"),
                           with_args("[1"),
                           with_args("[1}"),
                           with_args("[\"]"),
                           with_args("[1]]"),
                           with_args("[1],[2]"),
                           with_args("[01]"),
                           with_args(R"(["\x"])"),
                           with_args("[\"\xFF\"]"),
                           with_args("["s + '\0' + "]"),
                           with_args(R"([{"a":1,"a":2}])"),
                           with_args("[18446744073709551616]"),
                           with_args("[1e999]"),
                           with_args(nested_args(kArgsDepthLimit + 1).dump()),
                           with_args(values + "]"),
                           with_args(too_many + "]"),
                           at(""),
                           at("-1"),
                           at("-0"),
                           at("00"),
                           at("01"),
                           at("1.0"),
                           at("1e3"),
                           at("\"1\""),
                           at("null"),
                           at("9223372036855"),
                           at("18446744073709551616")}) {
    EXPECT_FALSE(read_plain_envelope(text)) << text.substr(0, 300);
    EXPECT_TRUE(agrees(text));
  }
}

TEST(PlainEnvelope, IsReadAsDecodeWouldWithAnyByteMissing) {
  for (const auto& envelope : all_plain()) {
    const auto text = encode(envelope);
    for (std::size_t i = 0; i < text.size(); ++i) {
      ASSERT_TRUE(agrees(std::string{text}.erase(i, 1))) << "without byte " << i;
    }
    for (std::size_t size = 0; size < text.size(); ++size) {
      ASSERT_TRUE(agrees(std::string_view{text}.substr(0, size))) << "cut off at " << size;
    }
  }
}

/// One of each sort that the format knows, and some that it does not.
constexpr auto kBytes = "\0\x01 \"\\/,:[]{}0179-+.eEtfn_aA\x7F\x80\xC3\xFF"sv;

TEST(PlainEnvelope, IsReadAsDecodeWouldWithAnyByteChanged) {
  for (const auto& envelope : all_plain()) {
    const auto text = encode(envelope);
    for (std::size_t i = 0; i < text.size(); ++i) {
      for (const char byte : kBytes) {
        auto changed = text;
        changed[i] = byte;
        ASSERT_TRUE(agrees(changed)) << "byte " << i;
      }
    }
  }
}

TEST(PlainEnvelope, IsReadAsDecodeWouldWithAnyByteMore) {
  for (const auto& envelope : all_plain()) {
    const auto text = encode(envelope);
    for (std::size_t i = 0; i <= text.size(); ++i) {
      for (const char byte : kBytes) {
        ASSERT_TRUE(agrees(std::string{text}.insert(i, 1, byte))) << "before byte " << i;
      }
    }
  }
}

TEST(PlainEnvelope, IsReadAsDecodeWouldWithAnyPieceTwice) {
  for (const auto& envelope : all_plain()) {
    const auto text = encode(envelope);
    for (std::size_t from = text.find(','); from != std::string::npos; from = text.find(',', from + 1)) {
      const auto to = std::min(text.find(',', from + 1), text.size() - 1);
      ASSERT_TRUE(agrees(std::string{text}.insert(from, text, from, to - from))) << "from byte " << from;
    }
  }
}

}  // namespace
}  // namespace aftercommit
