/// Log lines: their two forms, and who receives them.
#include "aftercommit/log.hpp"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <csignal>
#include <functional>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/log/log_context.hpp"
#include "base/log/log_format.hpp"
#include "support/eventually.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;

const std::chrono::system_clock::time_point kTime{1'772'366'400'042ms};
constexpr const char* kIsoTime = "2026-03-01T12:00:00.042Z";

std::string text_of(std::string_view value) {
  return render_text({LogLevel::kInfo, "event", {{"key", std::string{value}}}}, kTime);
}

std::string info_with(const std::string& rest) { return std::string{kIsoTime} + " info event key=" + rest; }

TEST(LogText, IsOneLineOfTimeLevelSentenceAndFields) {
  const LogEvent event{LogLevel::kWarning, "the broker is slow", {{"queue", "mail"}, {"took_ms", "12"}}};
  EXPECT_EQ(render_text(event, kTime),
            std::string{kIsoTime} + " warning the broker is slow queue=mail took_ms=12");
}

TEST(LogText, QuotesAValueOnlyWhereAReaderCouldMistakeItsEnd) {
  EXPECT_EQ(text_of("mail"), info_with("mail"));
  EXPECT_EQ(text_of("redis://host:1/0?x"), info_with("redis://host:1/0?x"));
  EXPECT_EQ(text_of(""), info_with(R"("")"));
  EXPECT_EQ(text_of("two words"), info_with(R"("two words")"));
  EXPECT_EQ(text_of("a=b"), info_with(R"("a=b")"));
  EXPECT_EQ(text_of(R"(say "hi" \o/)"), info_with(R"("say \"hi\" \\o/")"));
  EXPECT_EQ(text_of("Grüße"), info_with(R"("Grüße")"));
}

TEST(LogText, LetsNoValueFakeALineOrSteerATerminal) {
  EXPECT_EQ(text_of("x\n2026-03-01 error fake\r\t"), info_with(R"("x\n2026-03-01 error fake\r\t")"));
  EXPECT_EQ(text_of("\x1b[2J\x7f"), info_with(R"("\x1b[2J\x7f")"));
  EXPECT_EQ(text_of(std::string_view{"a\0b", 3}), info_with(R"("a\x00b")"));
  EXPECT_EQ(text_of("\xC2\x9B"
                    "31m"),
            info_with(R"("\xc2\x9b31m")"))
      << "the control sequence of one character";
}

TEST(LogText, ShowsBytesThatAreNotUtf8AsNumbers) {
  EXPECT_EQ(text_of("caf\xE9"), info_with(R"("caf\xe9")"));
  EXPECT_EQ(text_of("\xED\xA0\x80"), info_with(R"("\xed\xa0\x80")"));
}

TEST(LogText, EscapesTheSentenceToo) {
  EXPECT_EQ(render_text({LogLevel::kError, "two\nlines", {}}, kTime),
            std::string{kIsoTime} + R"( error two\nlines)");
}

TEST(LogText, WritesTimesBefore1970AndFarAhead) {
  const auto time_of = [](std::chrono::milliseconds ms) {
    return render_text({LogLevel::kDebug, "x", {}}, std::chrono::system_clock::time_point{ms});
  };
  EXPECT_EQ(time_of(-1ms), "1969-12-31T23:59:59.999Z debug x");
  EXPECT_EQ(time_of(0ms), "1970-01-01T00:00:00.000Z debug x");
  EXPECT_EQ(time_of(951'782'400'000ms), "2000-02-29T00:00:00.000Z debug x");
  EXPECT_EQ(time_of(9'223'372'036'854ms), "2262-04-11T23:47:16.854Z debug x");
}

TEST(LogJson, IsOneObjectInOneLine) {
  const LogEvent event{LogLevel::kError, "lost \"it\"", {{"queue", "mail"}, {"error", "a\nb\x01"}}};
  EXPECT_EQ(render_json(event, kTime), std::string{R"({"time":")"} + kIsoTime +
                                           R"(","level":"error","message":"lost \"it\"","queue":"mail",)" +
                                           R"("error":"a\nb\u0001"})");
}

TEST(LogJson, HasNumbersForNumbersAndTextForTextThatLooksLikeOne) {
  const LogEvent event{LogLevel::kInfo,
                       "done",
                       {{"attempt", 2},
                        {"ms", 0.8},
                        {"bytes", std::size_t{18'446'744'073'709'551'615U}},
                        {"queue", "17"},
                        {"ok", true},
                        {"ratio", std::nan("")},
                        {"least", -1.5e-300}}};
  const auto read = nlohmann::json::parse(render_json(event, kTime));
  EXPECT_EQ(read["attempt"], 2);
  EXPECT_EQ(read["ms"], 0.8);
  EXPECT_EQ(read["bytes"], 18'446'744'073'709'551'615U);
  EXPECT_EQ(read["queue"], "17");
  EXPECT_EQ(read["ok"], "true");
  EXPECT_EQ(read["ratio"], "nan");
  EXPECT_EQ(read["least"], -1.5e-300);
  EXPECT_TRUE(
      render_text(event, kTime)
          .ends_with(
              "attempt=2 ms=0.8 bytes=18446744073709551615 queue=17 ok=true ratio=nan least=-1.5e-300"));
}

TEST(LogJson, IsValidWhateverBytesAValueHolds) {
  std::string every_byte;
  for (int byte = 0; byte < 256; ++byte) every_byte += static_cast<char>(byte);
  const std::string line = render_json({LogLevel::kInfo, every_byte, {{"key", every_byte}}}, kTime);
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const auto read = nlohmann::json::parse(line);
  EXPECT_EQ(read["key"].get<std::string>().substr(0, 128), every_byte.substr(0, 128));
}

/// Puts the default handler and level back.
class Log : public ::testing::Test {
 protected:
  void TearDown() override {
    set_log_handler(nullptr);
    set_log_level(LogLevel::kInfo);
  }
};

constexpr int kHangs = -1;

/// The exit code of a child that does this, or the signal that ends it; kHangs where nothing does.
int in_a_child(const std::function<void()>& action) {
  const pid_t child = ::fork();
  if (child == 0) {
    action();
    ::_exit(0);
  }
  int status = 0;
  if (!support::eventually([&] { return ::waitpid(child, &status, WNOHANG) == child; })) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    return kHangs;
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status);
}

constexpr std::array kLogLevels{LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError};

TEST_F(Log, GoesToStandardErrorAsOneLineOfText) {
  ::testing::internal::CaptureStderr();
  log(LogLevel::kWarning, "the broker is slow", {{"queue", "mail"}});
  const std::string line = ::testing::internal::GetCapturedStderr();
  EXPECT_THAT(line,
              ::testing::MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z "
                                      "warning the broker is slow queue=mail\n"));
}

TEST_F(Log, GoesToTheHandlerThatWasSetLast) {
  std::vector<std::string> seen;
  set_log_handler([](const LogEvent&) { FAIL() << "replaced"; });
  set_log_handler([&seen](const LogEvent& event) {
    seen.emplace_back(event.message);
    for (const auto& [key, value] : event.fields) seen.push_back(std::string{key} + "=" + value);
  });
  log(LogLevel::kInfo, "started", {{"workers", "4"}});
  EXPECT_EQ(seen, (std::vector<std::string>{"started", "workers=4"}));
}

TEST_F(Log, CarriesTheJobThatRunsOnTheThreadUnlessItIsNamed) {
  std::vector<std::string> seen;
  set_log_handler([&seen](const LogEvent& event) { seen.push_back(render_text(event, kTime).substr(25)); });
  const auto id = JobId::generate();
  {
    const LoggedJob job{.id = id, .task = "pay", .attempt = 3};
    const LogOfJob scope{job};
    log(LogLevel::kInfo, "asked", {{"bank", "north"}});
    log(LogLevel::kInfo, "of another", {{"job_id", "x"}});
    std::jthread{[] { log(LogLevel::kInfo, "elsewhere"); }}.join();
  }
  log(LogLevel::kInfo, "after it");
  EXPECT_EQ(seen,
            (std::vector<std::string>{"info asked bank=north job_id=" + id.str() + " task=pay attempt=3",
                                      "info of another job_id=x", "info elsewhere", "info after it"}));
}

TEST_F(Log, ReturnsToStandardErrorForAnEmptyHandler) {
  set_log_handler([](const LogEvent&) { FAIL() << "replaced"; });
  set_log_handler(nullptr);
  ::testing::internal::CaptureStderr();
  log(LogLevel::kInfo, "here");
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("info here"), std::string::npos);
}

TEST_F(Log, SurvivesAHandlerThatThrowsAndStillTellsTheEvent) {
  set_log_handler([](const LogEvent&) { throw std::runtime_error{"disk full"}; });
  ::testing::internal::CaptureStderr();
  log(LogLevel::kError, "important");
  EXPECT_NE(::testing::internal::GetCapturedStderr().find("error important"), std::string::npos);
}

TEST_F(Log, MayBeUsedAndRedirectedByManyThreadsAtOnce) {
  std::atomic<int> seen{0};
  const auto count = [&seen](const LogEvent&) { ++seen; };
  set_log_handler(count);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i) {
      threads.emplace_back([] {
        for (int n = 0; n < 1000; ++n) log(LogLevel::kInfo, "tick", {{"n", std::to_string(n)}});
      });
    }
    for (int n = 0; n < 1000; ++n) set_log_handler(count);
  }
  EXPECT_EQ(seen, 4000);
}

TEST_F(Log, LeavesOutByDefaultWhatIsForDebugging) {
  std::vector<LogLevel> seen;
  set_log_handler([&seen](const LogEvent& event) { seen.push_back(event.level); });
  for (const auto level : kLogLevels) {
    EXPECT_EQ(logs(level), level != LogLevel::kDebug);
    log(level, "event");
  }
  EXPECT_THAT(seen, ::testing::ElementsAre(LogLevel::kInfo, LogLevel::kWarning, LogLevel::kError));
}

TEST_F(Log, WaitsForNobodyWhoDoesNotReadStandardError) {
  int files[2];
  ASSERT_EQ(::pipe2(files, O_CLOEXEC), 0);
  EXPECT_EQ(in_a_child([&] {
              ::dup2(files[1], STDERR_FILENO);
              const std::string text(200, '.');
              for (int i = 0; i < 1000; ++i) log(LogLevel::kError, text);
            }),
            0);
  std::array<char, 4096> begin{};
  ASSERT_GT(::read(files[0], begin.data(), begin.size()), 0);
  EXPECT_THAT(std::string(begin.data(), begin.size()), ::testing::HasSubstr("error ..."));
  ::close(files[0]);
  ::close(files[1]);
}

TEST_F(Log, OutlivesWhoReadsStandardErrorAndLeavesNoSignal) {
  for (const bool gone_from_the_start : {false, true}) {
    EXPECT_EQ(in_a_child([&] {
                ::signal(SIGPIPE, SIG_DFL);
                int files[2];
                if (::pipe2(files, O_CLOEXEC) != 0) ::_exit(2);
                ::dup2(files[1], STDERR_FILENO);
                if (!gone_from_the_start) log(LogLevel::kError, "read");
                ::close(files[0]);
                for (int i = 0; i < 3; ++i) log(LogLevel::kError, "unread");
                ::sigset_t pending{};
                ::sigpending(&pending);
                if (::sigismember(&pending, SIGPIPE) != 0) ::_exit(1);
              }),
              0);
  }
}

TEST_F(Log, HoldsUpNoChildThatIsForkedWhileOtherThreadsLog) {
  set_log_handler([](const LogEvent&) {});
  std::atomic<bool> stop{false};
  std::vector<std::jthread> threads;
  for (int i = 0; i < 2; ++i) {
    threads.emplace_back([&stop] {
      while (!stop) {
        log(LogLevel::kError, "in the parent");
        set_log_handler([](const LogEvent&) {});
      }
    });
  }
  for (int i = 0; i < 100; ++i) {
    const int ended = in_a_child([] { log(LogLevel::kError, "in the child"); });
    EXPECT_EQ(ended, 0);
    if (ended != 0) break;
  }
  stop = true;
}

TEST_F(Log, HandsNothingBelowItsLevelToTheHandler) {
  for (const auto lowest : kLogLevels) {
    std::vector<LogLevel> seen;
    set_log_handler([&seen](const LogEvent& event) { seen.push_back(event.level); });
    set_log_level(lowest);
    for (const auto level : kLogLevels) log(level, "event");
    EXPECT_THAT(seen, ::testing::ElementsAreArray(std::ranges::find(kLogLevels, lowest), kLogLevels.end()));
  }
}

TEST_F(Log, TellsWhichLevelsReachTheHandler) {
  set_log_level(LogLevel::kWarning);
  EXPECT_FALSE(logs(LogLevel::kDebug));
  EXPECT_FALSE(logs(LogLevel::kInfo));
  EXPECT_TRUE(logs(LogLevel::kWarning));
  EXPECT_TRUE(logs(LogLevel::kError));
  set_log_level(LogLevel::kDebug);
  EXPECT_TRUE(logs(LogLevel::kDebug)) << "from now on";
}

TEST_F(Log, WritesNothingBelowItsLevelToStandardErrorEither) {
  set_log_level(LogLevel::kError);
  ::testing::internal::CaptureStderr();
  log(LogLevel::kWarning, "not said");
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

TEST_F(Log, MayBeUsedFromWithinAHandler) {
  std::vector<std::string> seen;
  set_log_handler([&seen](const LogEvent& event) {
    seen.emplace_back(event.message);
    if (event.message == "outer") log(LogLevel::kInfo, "inner");
  });
  log(LogLevel::kInfo, "outer");
  EXPECT_EQ(seen, (std::vector<std::string>{"outer", "inner"}));
}

}  // namespace
}  // namespace aftercommit
