/// W3C Trace Context: which headers are taken, what becomes of them, and what is open in a thread.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "aftercommit/log.hpp"
#include "aftercommit/trace.hpp"

namespace aftercommit {
namespace {

using namespace std::string_literals;

constexpr auto kTraceId = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kParent = "00-"s + kTraceId + "-00f067aa0ba902b7-01";

std::string tracestate_of(std::string_view text) { return TraceContext::parse(kParent, text)->tracestate(); }

TEST(TraceContext, IsReadAndWrittenAsItTravels) {
  const auto context = TraceContext::parse(kParent, "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
  ASSERT_TRUE(context);
  EXPECT_EQ(context->trace_id(), kTraceId);
  EXPECT_EQ(context->span_id(), "00f067aa0ba902b7");
  EXPECT_TRUE(context->sampled());
  EXPECT_EQ(context->traceparent(), kParent);
  EXPECT_EQ(context->tracestate(), "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE");
}

TEST(TraceContext, IsNoneWhereOneCharacterIsWrong) {
  const std::string id = kTraceId;
  for (const auto& text :
       {""s, "00"s, kParent + "0", kParent + "-00", " " + kParent, kParent + " ", kParent.substr(0, 54),
        "ff" + kParent.substr(2), "0g" + kParent.substr(2), "00_" + kParent.substr(3),
        "00-" + std::string(32, '0') + kParent.substr(35),
        "00-4BF92F3577B34DA6A3CE929D0E0E4736" + kParent.substr(35), "00-" + id + "-0000000000000000-01",
        "00-" + id + "-00F067AA0BA902B7-01", "00-" + id + "_00f067aa0ba902b7-01",
        "00-" + id + "-00f067aa0ba902b7-0x", "00-" + id + "-00f067aa0ba902b7-1 "}) {
    EXPECT_FALSE(TraceContext::parse(text)) << text;
  }
}

TEST(TraceContext, TakesOfALaterVersionWhatItKnowsAndOfTheFlagsTheOneThatIsDefined) {
  for (const auto& text : {"01" + kParent.substr(2), "cc" + kParent.substr(2) + "-what.the/future",
                           kParent.substr(0, 53) + "ff", kParent.substr(0, 53) + "03"}) {
    const auto context = TraceContext::parse(text);
    ASSERT_TRUE(context) << text;
    EXPECT_EQ(context->traceparent(), kParent);
  }
  EXPECT_FALSE(TraceContext::parse("cc" + kParent.substr(2) + ".what"));
  EXPECT_FALSE(TraceContext::parse(kParent.substr(0, 53) + "02")->sampled());
}

TEST(TraceContext, LeavesAwayATracestateThatBreaksARuleAndKeepsTheTrace) {
  EXPECT_EQ(tracestate_of(" a=1 ,\tb@c=2 3,, "), "a=1,b@c=2 3");
  for (const auto* wrong : {"a", "=1", "a=", "A=1", "a=1=2", "_a=1", "a =1", "a=1,b", "a=\x7F", "a=\xC3\xA9"})
    EXPECT_EQ(tracestate_of(wrong), "") << wrong;
  std::string many = "k0=1";
  for (int i = 1; i < 32; ++i) many += ",k" + std::to_string(i) + "=1";
  EXPECT_EQ(tracestate_of(many), many);
  EXPECT_EQ(tracestate_of(many + ",k32=1"), "");
}

TEST(TraceContext, ShortensALongTracestateByWholeEntriesTheLongOnesFirst) {
  const auto entry = [](char key, std::size_t size) { return key + "="s + std::string(size - 2, 'x'); };
  const auto all = entry('a', 200) + "," + entry('b', 128) + "," + entry('c', 128) + "," + entry('d', 128) +
                   "," + entry('e', 126) + "," + entry('f', 100);
  EXPECT_EQ(tracestate_of(all), entry('b', 128) + "," + entry('c', 128) + "," + entry('d', 128));
}

TEST(TraceContext, HasChildrenThatAreSpansOfTheSameTrace) {
  const auto parent = *TraceContext::parse(kParent, "a=1");
  const auto child = parent.child();
  EXPECT_EQ(child.trace_id(), kTraceId);
  EXPECT_NE(child.span_id(), parent.span_id());
  EXPECT_NE(child.span_id(), parent.child().span_id());
  EXPECT_TRUE(child.sampled());
  EXPECT_EQ(child.tracestate(), "a=1");
  const auto other = TraceContext::generate();
  EXPECT_EQ(TraceContext::parse(other.traceparent()), other) << "valid";
  EXPECT_NE(other.trace_id(), TraceContext::generate().trace_id());
}

TEST(TraceScope, IsOpenInItsThreadUntilItEndsAndHidesTheOneAroundIt) {
  EXPECT_EQ(TraceContext::current(), nullptr);
  const TraceScope outer{TraceContext::parse(kParent)};
  ASSERT_NE(TraceContext::current(), nullptr);
  EXPECT_EQ(TraceContext::current()->traceparent(), kParent);
  {
    const auto inner = TraceContext::generate();
    const TraceScope scope{inner};
    EXPECT_EQ(*TraceContext::current(), inner);
    const TraceScope none{TraceContext::parse("no trace")};
    EXPECT_EQ(TraceContext::current(), nullptr);
  }
  EXPECT_EQ(TraceContext::current()->traceparent(), kParent);
  std::jthread{[] { EXPECT_EQ(TraceContext::current(), nullptr); }}.join();
}

TEST(TraceScope, NamesItsTraceInTheLinesOfItsThreadUnlessTheyDo) {
  std::vector<std::string> seen;
  set_log_handler([&seen](const LogEvent& event) {
    seen.emplace_back(event.message);
    for (const auto& [key, value] : event.job) seen.back().append(" ").append(key).append("=").append(value);
  });
  {
    const TraceScope scope{TraceContext::parse(kParent)};
    log(LogLevel::kInfo, "within");
    log(LogLevel::kInfo, "of another", {{"trace_id", "x"}});
  }
  log(LogLevel::kInfo, "after");
  set_log_handler(nullptr);
  EXPECT_THAT(seen, ::testing::ElementsAre("within trace_id="s + kTraceId, "of another", "after"));
}

}  // namespace
}  // namespace aftercommit
