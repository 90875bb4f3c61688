/// The wire format of a job: what is written, what is read back, and what is refused with which words.
#include "broker/envelope/envelope.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cfloat>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <random>
#include <string>

#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "unit/broker/read_envelope.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using nlohmann::json;
using Time = std::chrono::system_clock::time_point;

const JobId kId = *JobId::parse("01890a5d-ac96-774b-bcce-b302099a8057");

Envelope small() {
  Envelope envelope{.id = kId};
  envelope.task = "send_receipt";
  envelope.args = {42};
  envelope.queue = "mail";
  envelope.enqueued_at = kTime;
  return envelope;
}

Envelope full() {
  Envelope envelope = small();
  envelope.args = {42, "someone@example.org", {{"copies", {1, 2.5, nullptr, true}}}};
  envelope.attempt = 3;
  envelope.max_retries = 5;
  envelope.backoff = exponential(1s, 10min, 3.0, 0.1);
  envelope.expires_at = kTime + 1h;
  envelope.database = "orders";
  envelope.durable = true;
  envelope.crashes = 2;
  add_error(envelope, {1, kTime + 1s, "web-1/4711", "mail server is down"});
  add_error(envelope, {2, kTime + 2s, "web-2/4712", "still \"down\"\n"});
  envelope.unknown_since = kTime + 3s;
  envelope.trace = {{"traceparent", "00-4bf9-00f0-01"}};
  envelope.headers = {{"tenant", "blue"}, {"locale", "\"de\""}};
  return envelope;
}

/// An envelope as another producer may write it, to be bent out of shape.
json small_json() { return json::parse(encode(small())); }
json full_json() { return json::parse(encode(full())); }

std::string small_with_args(const std::string& args) {
  return R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"t","queue":"q","enqueued_at":0,"args":)" +
         args + "}";
}

std::string nested(int depth) {
  const auto levels = static_cast<std::size_t>(depth);
  return std::string(levels, '[') + std::string(levels, ']');
}

// ---- Writing

TEST(Envelope, IsWrittenInAFixedOrderWithoutWhatIsNotSet) {
  EXPECT_EQ(encode(small()),
            R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"send_receipt","args":[42],)"
            R"("queue":"mail","enqueued_at":1700000000123})");
}

TEST(Envelope, IsWrittenWithAllThatIsSet) {
  EXPECT_EQ(
      encode(full()),
      R"({"v":1,"id":"01890a5d-ac96-774b-bcce-b302099a8057","task":"send_receipt",)"
      R"("args":[42,"someone@example.org",{"copies":[1,2.5,null,true]}],)"
      R"("queue":"mail","enqueued_at":1700000000123,"attempt":3,"max_retries":5,)"
      R"("backoff":{"kind":"exponential","base_ms":1000,"factor":3.0,"cap_ms":600000,"jitter":0.1},)"
      R"("expires_at":1700003600123,"database":"orders","durable":true,"crashes":2,)"
      R"("errors":[{"attempt":1,"at":1700000001123,"worker":"web-1/4711","error":"mail server is down"},)"
      R"({"attempt":2,"at":1700000002123,"worker":"web-2/4712","error":"still \"down\"\n"}],)"
      R"("unknown_since":1700000003123,"trace":{"traceparent":"00-4bf9-00f0-01"},)"
      R"("headers":{"locale":"\"de\"","tenant":"blue"}})");
}

TEST(Envelope, TakesLittleMemoryWhileItWaits) { EXPECT_LE(encode(small()).size(), 130U); }

TEST(Envelope, CutsTimesToTheMillisecond) {
  Envelope envelope = small();
  envelope.enqueued_at = kTime + std::chrono::microseconds{999};
  EXPECT_EQ(read(encode(envelope)).enqueued_at, kTime);
}

TEST(Envelope, IsNotWrittenIfItCouldNotBeRead) {
  const auto refused = [](const std::function<void(Envelope&)>& spoil) {
    Envelope envelope = full();
    spoil(envelope);
    try {
      encode(envelope);
    } catch (const PayloadError& error) {
      EXPECT_NE(std::string{error.what()}.find(kId.str()), std::string::npos) << error.what();
      return std::string{error.what()};
    }
    return "written"s;
  };
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  constexpr double kInfinity = std::numeric_limits<double>::infinity();

  EXPECT_EQ(refused([](Envelope& e) { e.args = {"caf\xE9"}; }),
            "cannot encode job 01890a5d-ac96-774b-bcce-b302099a8057 of task 'send_receipt': "
            "in 'args' a text is not valid UTF-8");
  const std::vector<std::function<void(Envelope&)>> spoilers = {
      [](Envelope& e) {
        e.args = {{{"\xFF", 1}}};
      },
      [](Envelope& e) { e.args = {"\xED\xA0\x80"}; },
      [=](Envelope& e) { e.args = {kNan}; },
      [=](Envelope& e) {
        e.args = {{{"deep", {kInfinity}}}};
      },
      [](Envelope& e) {
        e.args = {json::binary({1, 2})};
      },
      [](Envelope& e) { e.args = nullptr; },
      [](Envelope& e) { e.args = "x"; },
      [](Envelope& e) { e.args = json::object(); },
      [](Envelope& e) { e.args = json::parse(nested(kArgsDepthLimit + 1)); },
      [](Envelope& e) { e.args = json(std::vector<int>(kArgsValueLimit + 1)); },
      [](Envelope& e) { e.trace = json(std::vector<int>(kTraceValueLimit + 1)); },
      [=](Envelope& e) { e.trace = kNan; },
      [](Envelope& e) { e.task = ""; },
      [](Envelope& e) { e.task = "a\"b"; },
      [](Envelope& e) { e.queue = "a}b"; },
      [](Envelope& e) { e.queue = std::string(65, 'q'); },
      [](Envelope& e) { e.crashes = -1; },
      [](Envelope& e) { e.crashes = kMaxAttempts + 1; },
      [](Envelope& e) { e.database = "two words"; },
      [](Envelope& e) { e.attempt = 0; },
      [](Envelope& e) { e.attempt = -1; },
      [](Envelope& e) { e.attempt = kMaxAttempts + 1; },
      [](Envelope& e) { e.max_retries = -1; },
      [](Envelope& e) { e.max_retries = kMaxAttempts; },
      [](Envelope& e) { e.backoff->base = -1ms; },
      [](Envelope& e) { e.backoff->cap = -1ms; },
      [](Envelope& e) { e.backoff->factor = 0.5; },
      [=](Envelope& e) { e.backoff->factor = kNan; },
      [=](Envelope& e) { e.backoff->factor = kInfinity; },
      [](Envelope& e) { e.backoff->jitter = 1.5; },
      [](Envelope& e) { e.enqueued_at = Time{-1ms}; },
      [](Envelope& e) { e.expires_at = Time::min(); },
      [](Envelope& e) { e.errors[0].attempt = 0; },
      [](Envelope& e) { e.errors[0].error = "\xFF"; },
  };
  for (std::size_t i = 0; i < spoilers.size(); ++i) {
    EXPECT_TRUE(refused(spoilers[i]).starts_with("cannot encode job ")) << "spoiler " << i;
  }
}

// ---- Reading back

TEST(Envelope, IsReadBackAsItWasWritten) {
  EXPECT_EQ(read(encode(small())), small());
  EXPECT_EQ(read(encode(full())), full());
}

TEST(Envelope, IsWrittenAgainByteForByteAsItWasRead) {
  for (const Envelope& envelope : {small(), full()}) {
    const std::string text = encode(envelope);
    EXPECT_EQ(encode(read(text)), text);
  }
}

TEST(Envelope, KeepsEveryWholeNumberOf64BitsExactly) {
  Envelope envelope = small();
  envelope.args = {9007199254740993, -9007199254740993,      INT64_MAX, INT64_MIN,
                   UINT64_MAX,       std::uint64_t{1} << 63, 0};
  const std::string text = encode(envelope);
  EXPECT_NE(text.find("[9007199254740993,-9007199254740993,9223372036854775807,-9223372036854775808,"
                      "18446744073709551615,9223372036854775808,0]"),
            std::string::npos)
      << text;
  const Envelope back = read(text);
  EXPECT_EQ(back.args, envelope.args);
  EXPECT_EQ(back.args[0].get<std::int64_t>(), 9007199254740993);
  EXPECT_EQ(back.args[4].get<std::uint64_t>(), UINT64_MAX);
  EXPECT_FALSE(back.args[4].is_number_float());
}

TEST(Envelope, KeepsEveryDoubleExactlyAndADouble) {
  for (const double value : {0.1, 1.0 / 3, 1.0, -2.0, 0.0, -0.0, 1e22, 1e23, 1e300, DBL_MAX, DBL_MIN,
                             DBL_TRUE_MIN, 123456789012345680.0, 9007199254740993.0, 5e-324}) {
    Envelope envelope = small();
    envelope.args = {value};
    const Envelope back = read(encode(envelope));
    ASSERT_TRUE(back.args[0].is_number_float()) << encode(envelope);
    EXPECT_EQ(back.args[0].get<double>(), value);
    EXPECT_EQ(std::signbit(back.args[0].get<double>()), std::signbit(value));
  }
}

TEST(Envelope, KeepsEveryCharacterOfATextNulIncluded) {
  std::string text;
  for (int byte = 0; byte < 128; ++byte) text += static_cast<char>(byte);
  text += "é€\U0001F600\U0010FFFF";
  Envelope envelope = small();
  envelope.args = {text, {{text, 1}}};
  EXPECT_EQ(read(encode(envelope)).args, envelope.args);
}

TEST(Envelope, IsReadFromTextThatAnotherProducerLaidOutItsOwnWay) {
  const Envelope envelope = read(
      " {\n \"args\" : [ 42 , \"\\u20ac\\ud83d\\ude00\" ],\r\n\t\"queue\":\"mail\", "
      "\"enqueued_at\":1700000000123,"
      " \"task\":\"send_receipt\",\"id\":\"01890A5D-AC96-774B-BCCE-B302099A8057\", \"v\":1 } ");
  EXPECT_EQ(envelope.id, kId);
  EXPECT_EQ(envelope.args[1].get<std::string>(), "€\U0001F600");
}

TEST(Envelope, FillsInABackoffThatNamesOnlyItsKindAndBase) {
  json text = small_json();
  text["backoff"] = {{"kind", "fixed"}, {"base_ms", 5000}};
  EXPECT_EQ(read(text.dump()).backoff, fixed(5s));
  text["backoff"] = {{"kind", "exponential"}, {"base_ms", 5000}};
  EXPECT_EQ(read(text.dump()).backoff, exponential(5s, 1h));
}

TEST(Envelope, TakesArgumentsUpToTheirLimits) {
  EXPECT_EQ(flaw(small_with_args(nested(kArgsDepthLimit))), "");
  json many = small_json();
  many["args"] = std::vector<int>(kArgsValueLimit);
  many["trace"] = std::vector<int>(kTraceValueLimit);
  EXPECT_EQ(flaw(many.dump()), "");
  Envelope worst = read(many.dump());
  for (std::size_t i = 0; i < 2 * kErrorsKept; ++i)
    add_error(worst, {static_cast<int>(i + 1), kTime, "w", "e"});
  EXPECT_EQ(read(encode(worst)), worst) << "a full job stays readable however often it fails";
}

TEST(Envelope, CopiesAndDumpsTheDeepestArgumentsItTakes) {
  const Envelope deep = read(small_with_args(nested(kArgsDepthLimit)));
  const Envelope copy = deep;  // NOLINT(performance-unnecessary-copy-initialization): the copy is the test
  EXPECT_EQ(copy.args.dump(), nested(kArgsDepthLimit));
}

TEST(Envelope, SurvivesARoundTripWithRandomContents) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const auto below = [&](std::uint64_t bound) { return random() % bound; };
  const auto text = [&] {
    std::string out;
    for (auto length = below(20); length > 0; --length) {
      switch (below(4)) {
        case 0:
          out += static_cast<char>(below(0x80));
          break;
        case 1:
          out += "é";
          break;
        case 2:
          out += "\U0001F600";
          break;
        default:
          out += static_cast<char>('a' + below(26));
      }
    }
    return out;
  };
  const auto name = [&] {
    std::string out(1 + below(kNameLimit), '\0');
    for (char& c : out) c = "abcXYZ019_.-"[below(12)];
    return out;
  };
  const auto time = [&] { return Time{std::chrono::milliseconds{below(9'223'372'036'855)}}; };
  const std::function<json(int)> value = [&](int depth) -> json {
    switch (below(depth > 0 ? 9 : 7)) {
      case 0:
        return nullptr;
      case 1:
        return below(2) == 0;
      case 2:
        return static_cast<std::int64_t>(random());
      case 3:
        return random();
      case 4:
        return text();
      case 5: {
        const double number = std::bit_cast<double>(random());
        return std::isfinite(number) ? number : 0.5;
      }
      case 6:
        return static_cast<int>(below(10));
      case 7: {
        json array = json::array();
        for (auto n = below(5); n > 0; --n) array.push_back(value(depth - 1));
        return array;
      }
      default: {
        json object = json::object();
        for (auto n = below(5); n > 0; --n) object[text()] = value(depth - 1);
        return object;
      }
    }
  };

  for (int i = 0; i < 1000; ++i) {
    Envelope envelope{.id = JobId::generate()};
    envelope.task = name();
    for (auto n = below(5); n > 0; --n) envelope.args.push_back(value(4));
    envelope.queue = name();
    envelope.enqueued_at = time();
    envelope.attempt = static_cast<int>(1 + below(kMaxAttempts));
    if (below(2)) envelope.max_retries = static_cast<int>(below(kMaxAttempts));
    if (below(2)) {
      envelope.backoff =
          Backoff{below(2) ? Backoff::Kind::kFixed : Backoff::Kind::kExponential,
                  std::chrono::milliseconds{random() >> 1}, 1 + static_cast<double>(random()) / 1e15,
                  std::chrono::milliseconds{random() >> 1}, static_cast<double>(random()) / 0x1p64};
    }
    if (below(2)) envelope.expires_at = time();
    if (below(2)) envelope.database = name();
    envelope.durable = below(2) == 1;
    if (below(2)) envelope.crashes = static_cast<int>(below(kMaxAttempts + 1));
    for (auto n = below(4); n > 0; --n)
      envelope.errors.push_back({static_cast<int>(1 + below(9)), time(), text(), text()});
    if (below(2)) envelope.unknown_since = time();
    if (below(2)) envelope.trace = value(3);
    for (auto n = below(4); n > 0; --n) envelope.headers.set(name(), text());
    envelope.unique = below(2) == 1;
    if (below(2)) envelope.unknown = {{"later", value(3)}, {"x" + text(), value(2)}};

    const std::string written = encode(envelope);
    SCOPED_TRACE(written);
    ASSERT_EQ(read(written), envelope);
    ASSERT_EQ(json::parse(written)["args"], envelope.args) << "any JSON parser reads the same";
  }
}

// ---- Refusing

TEST(MalformedEnvelope, CutAnywhereIsRefused) {
  const std::string whole = encode(full());
  for (std::size_t length = 0; length < whole.size(); ++length) {
    ASSERT_NE(flaw(whole.substr(0, length)), "") << "cut to " << length;
  }
}

TEST(MalformedEnvelope, WithAnyByteChangedIsReadOrRefusedButNeverThrows) {
  const std::string whole = encode(full());
  for (std::size_t at = 0; at < whole.size(); ++at) {
    for (const char byte : "\t 09az-e.,:\"\\[]{}\x7F\xC3\xFF") {
      std::string changed = whole;
      changed[at] = byte;
      EXPECT_NO_THROW({
        const auto result = decode(changed, kLimit);
        if (const auto* envelope = std::get_if<Envelope>(&result))
          encode(*envelope);  // and what is read can be written
      });
    }
  }
}

TEST(MalformedEnvelope, WithBytesAtRandomIsReadOrRefusedButNeverThrows) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random{seed};
  const std::string whole = encode(full());
  const std::string kPieces[] = {"{",   "}",       "[",     "]", ",",    ":",    "\"",
                                 "\\u", "\\ud800", "1e999", "-", "null", "\xFF", "\0"s};
  for (int i = 0; i < 5000; ++i) {
    std::string changed = whole;
    for (auto n = 1 + random() % 4; n > 0; --n) {
      const auto at = random() % changed.size();
      const auto length = random() % 8;
      changed.replace(at, length,
                      random() % 2 ? kPieces[random() % std::size(kPieces)]
                                   : whole.substr(random() % whole.size(), random() % 30));
      if (changed.empty()) changed = whole;
    }
    ASSERT_NO_THROW(decode(changed, kLimit)) << changed;
  }
}

TEST(MalformedEnvelope, IsAnyTextThatIsNotJson) {
  const std::string good = encode(small());
  const std::string with_args = "{\"v\":1,\"args\":[";
  const std::vector<std::string> texts = {
      "",
      " ",
      "\0"s,
      "x",
      "nul",
      "{",
      "}",
      "[]]",
      "\xEF\xBB\xBF",
      "'a'",
      "{'v':1}",
      "{v:1}",
      "<job/>",
      "\xFF\xFE{\0}\0"s,
      good + "x",
      good + good,
      good + ",",
      good + "\0"s,
      good + "\0garbage"s,
      "\0"s + good,
      good.substr(1),
      "//\n" + good,
      "/**/" + good,
      small_with_args("[1,]"),
      small_with_args("[,1]"),
      small_with_args("[1 2]"),
      small_with_args("[NaN]"),
      small_with_args("[Infinity]"),
      small_with_args("[-Infinity]"),
      small_with_args("[nan]"),
      small_with_args("[+1]"),
      small_with_args("[01]"),
      small_with_args("[-]"),
      small_with_args("[.5]"),
      small_with_args("[5.]"),
      small_with_args("[1e]"),
      small_with_args("[0x10]"),
      small_with_args("[1_000]"),
      small_with_args("[True]"),
      small_with_args("[undefined]"),
      small_with_args("[\"a\nb\"]"),
      small_with_args("[\"a\tb\"]"),
      small_with_args("[\"a\0b\"]"s),
      small_with_args("[\"\\x41\"]"),
      small_with_args("[\"\\u12\"]"),
      small_with_args("[\"\\u12G4\"]"),
      small_with_args("[\"a]"),
      small_with_args("['a']"),
      small_with_args("{\"a\":1]"),
      small_with_args("{\"a\"}"),
      small_with_args("{\"a\":}"),
      small_with_args("{1:2}"),
  };
  for (const std::string& text : texts) EXPECT_NE(flaw(text), "") << text;
}

TEST(MalformedEnvelope, HoldsTextThatIsNotUnicode) {
  for (const char* bytes :
       {"\xFF", "\xC3", "\xC3(", "\xE2\x82", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "caf\xE9"}) {
    EXPECT_EQ(flaw(small_with_args("[\""s + bytes + "\"]")), "the text is not JSON: it is not valid UTF-8");
  }
  for (const char* escape :
       {"\\ud800", "\\udc00", "\\ud800x", "\\ud800\\n", "\\ud800\\u0041", "\\udc00\\ud800"}) {
    EXPECT_NE(flaw(small_with_args("[\""s + escape + "\"]")), "") << escape;
  }
}

TEST(MalformedEnvelope, HoldsANumberThatNoMachineNumberHolds) {
  EXPECT_EQ(flaw(small_with_args("[18446744073709551616]")),
            "the whole number 18446744073709551616 does not fit 64 bits");
  EXPECT_NE(flaw(small_with_args("[-9223372036854775809]")), "");
  EXPECT_NE(flaw(small_with_args("[" + std::string(100'000, '9') + "]")), "");
  EXPECT_NE(flaw(small_with_args("[1e999]")).find("too large for a double"), std::string::npos);
  EXPECT_NE(flaw(small_with_args("[-1e999]")), "");
  EXPECT_NE(flaw(small_with_args("[1" + std::string(400, '0') + ".0]")), "");
  EXPECT_EQ(flaw(small_with_args("[1e-999, -0, 1e308]")), "") << "too small is zero, as everywhere";
}

TEST(MalformedEnvelope, IsNestedDeeperThanTheLimit) {
  EXPECT_EQ(flaw(small_with_args(nested(64))), "");
  EXPECT_EQ(flaw(small_with_args(nested(65))), "arrays and objects are nested deeper than 65 levels");
  std::string objects = "[";
  for (int i = 0; i < 64; ++i) objects += "{\"a\":";
  EXPECT_NE(flaw(small_with_args(objects)), "");
}

TEST(MalformedEnvelope, OfAMillionBracketsTakesNeitherStackNorTime) {
  const std::string brackets(1'000'000, '[');
  EXPECT_NE(flaw(brackets), "");
  EXPECT_NE(flaw(small_with_args(brackets)), "");
  EXPECT_NE(flaw(small_with_args(nested(500'000 - 100))), "");
  std::string objects;
  for (int i = 0; i < 150'000; ++i) objects += "{\"a\":";
  EXPECT_NE(flaw(objects), "");
}

TEST(MalformedEnvelope, HasMoreValuesThanTheLimit) {
  const auto with = [](const char* field, std::size_t count) {
    json text = small_json();
    text[field] = std::vector<int>(count);
    return flaw(text.dump());
  };
  EXPECT_EQ(with("args", kArgsValueLimit + 1), "field 'args' holds more than 10000 values");
  EXPECT_NE(with("args", 20'000), "");
  EXPECT_NE(with("trace", kTraceValueLimit + 1), "");
  EXPECT_NE(with("unknown", 100'000), "");
  json members = small_json();
  for (int i = 0; i < 5001; ++i) members["args"].push_back({{"k", i}});
  EXPECT_NE(flaw(members.dump()), "") << "values within values count as well";
}

TEST(MalformedEnvelope, NamesAKeyTwice) {
  EXPECT_EQ(flaw(R"({"v":1,"v":1})"), "the key 'v' stands twice in one object");
  const std::string text = encode(small());
  EXPECT_NE(flaw(text.substr(0, text.size() - 1) + R"(,"task":"other"})"), "");
  EXPECT_NE(flaw(text.substr(0, text.size() - 1) + R"(,"\u0074ask":"other"})"), "")
      << "the same key, escaped";
  EXPECT_NE(flaw(small_with_args(R"([{"a":1,"b":2,"a":3}])")), "");
  EXPECT_NE(flaw(small_with_args(R"([{"a":[],"a":[]}])")), "");
  EXPECT_EQ(flaw(small_with_args(R"([{"a":{"a":1}},{"a":1}])")), "");
}

TEST(MalformedEnvelope, IsLargerThanTheLimitOfItsProducer) {
  const std::string text = encode(small());
  EXPECT_EQ(flaw(text, text.size()), "");
  EXPECT_EQ(flaw(text, text.size() - 1), "a job of " + std::to_string(text.size()) +
                                             " bytes is over the limit of " +
                                             std::to_string(text.size() - 1));
  EXPECT_NE(flaw(std::string(kLimit + kErrorsRoom + 1, '['), kLimit), "");
}

TEST(MalformedEnvelope, IsNeverAJobThatGrewByFailing) {
  Envelope envelope = small();
  const std::size_t limit = encode(envelope).size();
  const std::string worst_text(5000, '"');  // doubled by escapes
  for (int attempt = 1; attempt <= 500; ++attempt) {
    add_error(envelope, {attempt, Time{9'223'372'036'854ms}, worst_text, worst_text});
  }
  envelope.attempt = kMaxAttempts;
  envelope.crashes = kMaxAttempts;
  envelope.unknown_since = kTime;
  EXPECT_GT(encode(envelope).size(), 2 * kErrorsKept * kErrorTextLimit);
  EXPECT_EQ(flaw(encode(envelope), limit), "");
}

TEST(MalformedEnvelope, IsNeverAJobThatGrewByCrashing) {
  Envelope envelope = small();
  const std::size_t limit = encode(envelope).size();
  envelope.crashes = 1;
  EXPECT_EQ(flaw(encode(envelope), limit), "");
  envelope.crashes = 0;
  envelope.durable = true;  // by the producer: within the limit
  EXPECT_NE(flaw(encode(envelope), limit), "");
}

TEST(MalformedEnvelope, IsOfAnotherVersionWhateverElseItHolds) {
  for (const char* version :
       {"0", "2", "-1", "1.0", "\"1\"", "true", "null", "[1]", "18446744073709551615"}) {
    const std::string reason = flaw("{\"v\":"s + version + R"(,"body":"all new"})");
    EXPECT_TRUE(
        reason.starts_with("field 'v' must be 1, the version of the format that this worker reads, not "))
        << reason;
  }
  EXPECT_EQ(flaw("{}"),
            "field 'v' is missing; it must be 1, the version of the format that this worker reads");
}

TEST(MalformedEnvelope, IsNoObject) {
  for (const char* text : {"null", "true", "1", "1.5", "\"text\"", "[]", "[{}]"}) {
    EXPECT_EQ(flaw(text), "a job must be a JSON object") << text;
  }
}

TEST(MalformedEnvelope, LacksARequiredField) {
  for (const char* field : {"v", "id", "task", "args", "queue", "enqueued_at"}) {
    json text = full_json();
    text.erase(field);
    EXPECT_TRUE(flaw(text.dump()).starts_with("field '"s + field + "' is missing; it must be "))
        << flaw(text.dump());
  }
  for (const char* path : {"/backoff/kind", "/backoff/base_ms", "/errors/0/attempt", "/errors/1/at",
                           "/errors/0/worker", "/errors/1/error"}) {
    json text = full_json();
    text = text.patch({{{"op", "remove"}, {"path", path}}});
    EXPECT_NE(flaw(text.dump()), "") << path;
  }
}

/// A place in a full envelope, and what must not stand there.
struct Wrong {
  const char* path;
  std::vector<json> values;
};

std::vector<Wrong> wrong_values() {
  const json kInt = 5, kText = "x", kNull = nullptr, kTrue = true, kArray = json::array(),
             kObject = json::object();
  const json kHuge = std::uint64_t{1} << 63, kDouble = 5.5;
  const std::vector<json> no_name = {kInt,
                                     kNull,
                                     kTrue,
                                     kArray,
                                     kObject,
                                     "",
                                     "a b",
                                     "a:b",
                                     "{a}",
                                     "a\n",
                                     "a\0b"s,
                                     "é",
                                     std::string(65, 'x')};
  const std::vector<json> no_time = {kText, kNull,   kTrue,  kArray,          kObject,          -1,
                                     kHuge, kDouble, 1.7e12, "1700000000000", 9'223'372'036'855};
  const std::vector<json> no_count = {
      kText,           kNull,   kTrue, kArray, kObject,   -1,
      kHuge,           kDouble, 1.0,   "1",    INT64_MIN, std::int64_t{1} << 32,
      kMaxAttempts + 1};
  const std::vector<json> no_wait = {kText, kNull, kTrue, kArray, kObject, -1, kHuge, kDouble};
  const std::vector<json> no_text = {kInt, kNull, kTrue, kArray, kObject};
  const std::vector<json> no_container = {kInt, kText, kNull, kTrue, kDouble};
  std::vector<json> no_attempt = no_count;
  no_attempt.emplace_back(0);
  return {
      {"/id",
       {kInt, kNull, kTrue, kArray, kObject, "", "x", "01890a5d-ac96-774b-bcce-b302099a805",
        "01890a5dac96774bbcceb302099a8057"}},
      {"/task", no_name},
      {"/queue", no_name},
      {"/database", no_name},
      {"/args", {kInt, kText, kNull, kTrue, kDouble, kObject}},
      {"/enqueued_at", no_time},
      {"/expires_at", no_time},
      {"/unknown_since", no_time},
      {"/attempt", no_attempt},
      {"/unique", {kInt, 0, 1, kText, "true", kNull, kArray, kObject}},
      {"/durable", {kInt, 0, 1, kText, "true", kNull, kArray, kObject}},
      {"/crashes", no_count},
      {"/max_retries", no_count},
      {"/backoff", no_container},
      {"/backoff", {kArray, kObject}},
      {"/backoff/kind", {kInt, kNull, kArray, "", "linear", "Fixed"}},
      {"/backoff/base_ms", no_wait},
      {"/backoff/cap_ms", no_wait},
      {"/backoff/factor", {kText, kNull, kTrue, kArray, 0, 0.99, -2, "2"}},
      {"/backoff/jitter", {kText, kNull, kTrue, kArray, -0.1, 1.1, 2, "0"}},
      {"/errors", no_container},
      {"/errors", {kObject}},
      {"/errors/0", {kInt, kText, kNull, kArray, kObject}},
      {"/errors/0/attempt", no_attempt},
      {"/errors/1/at", no_time},
      {"/errors/0/worker", no_text},
      {"/errors/1/error", no_text},
      {"/headers", no_container},
      {"/headers", {kArray, json::object({{"a b", "x"}}), json::object({{"big", std::string(4096, 'x')}})}},
      {"/headers/tenant", no_text},
  };
}

TEST(MalformedEnvelope, HoldsAWrongTypeOrRangeInAnyField) {
  std::size_t kinds = 0;
  for (const auto& [path, values] : wrong_values()) {
    for (const json& value : values) {
      json text = full_json();
      text[json::json_pointer{path}] = value;
      const std::string reason = flaw(text.dump());
      ++kinds;
      EXPECT_TRUE(reason.starts_with("field '")) << path << " = " << value << ": " << reason;
    }
  }
  EXPECT_GT(kinds, 200U);
}

TEST(MalformedEnvelope, IsExplainedInASentenceThatNamesTheField) {
  const auto reason = [](const char* path, const json& value) {
    json text = full_json();
    text[json::json_pointer{path}] = value;
    return flaw(text.dump());
  };
  EXPECT_EQ(reason("/attempt", -3), "field 'attempt' must be a whole number from 1 to 1000000, not -3");
  EXPECT_EQ(
      reason("/task", "rm -rf /"),
      "field 'task' must be a name of 1 to 64 characters out of a-z A-Z 0-9 _ . -, not the text 'rm -rf /'");
  EXPECT_EQ(reason("/args", json::object()), "field 'args' must be an array, not an object");
  EXPECT_EQ(reason("/id", "7"), "field 'id' must be a UUID of 36 characters, not the text '7'");
  EXPECT_EQ(reason("/errors/1/at", "now"),
            "field 'errors[1].at' must be a time: whole milliseconds since 1970, up to the year 2262, not "
            "the text 'now'");
  EXPECT_EQ(reason("/errors/1", 7), "field 'errors[1]' must be an object");
  EXPECT_EQ(reason("/backoff/jitter", 2), "field 'backoff.jitter' must be a number from 0 to 1, not 2");
}

TEST(MalformedEnvelope, IsExplainedWithoutEchoingMuchOfIt) {
  const std::string foreign = "\x1b[31m" + std::string(10'000, 'x') + "SECRET";
  const json quoted = foreign;
  for (const std::string& text : {"{\"v\":" + quoted.dump() + "}", "{\"v\":1,\"id\":" + quoted.dump() + "}",
                                  "{" + quoted.dump() + ":1," + quoted.dump() + ":1}",
                                  small_with_args("[" + std::string(10'000, '7') + "]"),
                                  "{\"v\":1," + quoted.dump(), small_with_args("[" + quoted.dump() + "x]")}) {
    const std::string reason = flaw(text);
    EXPECT_NE(reason, "");
    EXPECT_LT(reason.size(), 160U) << reason;
    EXPECT_EQ(reason.find('\x1b'), std::string::npos) << reason;
  }
}

// ---- Errors

TEST(AddError, KeepsTheFirstErrorAndTheNewest) {
  Envelope envelope = small();
  for (int attempt = 1; attempt <= 250; ++attempt) add_error(envelope, {attempt, kTime, "w", "e"});
  ASSERT_EQ(envelope.errors.size(), kErrorsKept);
  EXPECT_EQ(envelope.errors[0].attempt, 1);
  EXPECT_EQ(envelope.errors[1].attempt, 152);
  EXPECT_EQ(envelope.errors.back().attempt, 250);
}

TEST(AddError, MakesItsTextsShortAndValid) {
  Envelope envelope = small();
  add_error(envelope, {1, kTime, std::string(500, 'w') + "\xFF", "caf\xE9 \x1b " + std::string(5000, 'x')});
  EXPECT_EQ(envelope.errors[0].error.size(), kErrorTextLimit);
  EXPECT_EQ(envelope.errors[0].worker.size(), kWorkerTextLimit);
  EXPECT_EQ(read(encode(envelope)), envelope);
}

}  // namespace
}  // namespace aftercommit
