/// After main: objects with static storage and exit handlers that use a database or enqueue, in programs of
/// their own.  It works, or is a UsageError.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "support/fixtures/payments.hpp"

namespace aftercommit {
namespace {

using ::testing::HasSubstr;

/// A named pipe that has no room left, and that nobody reads.
class FullPipe {
 public:
  FullPipe() {
    const std::string byte = ".";
    while (::write(file_, byte.data(), byte.size()) > 0) {
    }
  }
  ~FullPipe() {
    ::close(file_);
    std::filesystem::remove(path_);
  }
  FullPipe(const FullPipe&) = delete;
  FullPipe& operator=(const FullPipe&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  const std::filesystem::path path_ = std::filesystem::temp_directory_path() / support::unique_name("full");
  const int file_ = (::mkfifo(path_.c_str(), 0600), ::open(path_.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
};

class ProcessExit : public support::Payments, public ::testing::Test {
 protected:
  ProcessExit() : Payments{{.redis_url = support::fresh_redis_url()}} {}

  /// What the program says.  The test fails unless it ends in order, also in the eyes of a sanitizer.
  std::string run(const std::string& who, const std::string& what, const std::string& used = "used") {
    const auto set = [](const char* name, const std::string& value) { ::setenv(name, value.c_str(), 1); };
    const char* const before = std::getenv("DATABASE_URL");
    const std::string url = before != nullptr ? before : "";
    const char* const redis_before = std::getenv("REDIS_URL");
    const std::string redis = redis_before != nullptr ? redis_before : "";
    set("DATABASE_URL", schema().url(schema().name()));
    set("REDIS_URL", redis_url);
    set("SCHEMA", schema().name());
    const auto command = std::string{"timeout -s KILL 60 '" AFTERCOMMIT_EXIT_PROGRAM "' '"} + who + "' '" +
                         what + "' " + used + " 2>" + log_to;
    std::string said;
    std::FILE* const program = ::popen(command.c_str(), "r");
    set("DATABASE_URL", url);
    set("REDIS_URL", redis);
    constexpr int kLongestLine = 4096;
    std::array<char, kLongestLine> line{};
    while (std::fgets(line.data(), kLongestLine, program) != nullptr) said += line.data();
    EXPECT_EQ(::pclose(program), 0) << who << ", " << what << ": " << said;
    return said;
  }

  bool one_row() {
    const bool one = committed_rows() == std::vector<long>{1};
    outside("DELETE FROM payment");
    return one;
  }
  std::size_t durable_jobs() { return outside("SELECT FROM " + schema().name() + ".job").size(); }

  std::string redis_url = app.options().redis_url;
  std::string log_to = "&1";
};

const std::string kTooLate = "UsageError: cannot use database";

TEST_F(ProcessExit, LetsWhatIsYoungerThanTheFirstStatementUseADatabase) {  // P1
  for (const auto* who : {"local object", "late exit handler", "thread"}) {
    for (const auto* what : {"statement", "block", "static database"}) {
      EXPECT_EQ(run(who, what), "worked\n") << who << ", " << what;
      EXPECT_TRUE(one_row()) << who << ", " << what;
    }
  }
}

TEST_F(ProcessExit, LetsEverythingUseADatabaseThatMainHasNotUsed) {  // P1
  for (const auto* who : {"older object", "younger object", "local object", "early exit handler", "thread"}) {
    for (const auto* what : {"statement", "block", "static database"}) {
      EXPECT_EQ(run(who, what, "unused"), "worked\n") << who << ", " << what;
      EXPECT_TRUE(one_row()) << who << ", " << what;
    }
  }
}

TEST_F(ProcessExit, RefusesTheDatabaseToWhatIsOlderThanItsFirstStatementWithASentence) {  // P1
  for (const auto* who : {"older object", "younger object", "early exit handler"}) {
    for (const auto* what : {"statement", "block", "durable job", "static database"}) {
      EXPECT_THAT(run(who, what),
                  ::testing::AllOf(::testing::StartsWith(kTooLate), HasSubstr("before main returns")))
          << who << ", " << what;
    }
  }
  EXPECT_TRUE(committed_rows().empty());
}

TEST_F(ProcessExit, LetsEverythingAskForJobsThatNeedNoDatabase) {
  for (const auto* who : {"older object", "younger object", "local object", "early exit handler",
                          "late exit handler", "thread"}) {
    for (const auto* what : {"job on commit", "job at once"}) {
      EXPECT_EQ(run(who, what, "unused"), "worked\n") << who << ", " << what;
      EXPECT_EQ(take_arrived().size(), 1U) << who << ", " << what;
      EXPECT_EQ(run(who, what), "worked\n") << who << ", " << what;
      EXPECT_GE(take_arrived().size(), 1U) << who << ", " << what;
    }
  }
}

TEST_F(ProcessExit, KeepsTheDurableJobsAskedForAtTheEnd) {  // P6
  for (const auto* who : {"local object", "late exit handler", "thread"}) {
    const auto before = durable_jobs();
    EXPECT_EQ(run(who, "durable job"), "worked\n") << who;
    EXPECT_EQ(durable_jobs(), before + 2) << who << ": main's own, and this";
  }
  for (const auto* who : {"older object", "younger object"}) {
    const auto before = durable_jobs();
    EXPECT_EQ(run(who, "durable job", "unused"), "worked\n") << who;
    EXPECT_EQ(durable_jobs(), before + 1) << who;
  }
}

TEST_F(ProcessExit, SendsTheDurableJobsOfMainBeforeTheAppEnds) {
  run("nobody", "nothing");
  EXPECT_EQ(take_arrived().size(), 1U);
}

TEST_F(ProcessExit, LetsEverythingLog) {
  for (const auto* who : {"older object", "younger object", "local object", "early exit handler", "thread"})
    EXPECT_THAT(run(who, "log"), ::testing::AllOf(HasSubstr("at the end"), HasSubstr("worked"))) << who;
}

TEST_F(ProcessExit, WaitsForNobodyWhoDoesNotReadTheLog) {
  const FullPipe pipe;
  redis_url = "redis://127.0.0.1:1/0";  // which the thread that sends durable jobs has to tell
  log_to = pipe.path().string();
  EXPECT_EQ(run("nobody", "nothing"), "");
  EXPECT_EQ(durable_jobs(), 1U);
}

TEST_F(ProcessExit, RollsBackABlockThatIsStillOpenThen) {  // P1
  EXPECT_EQ(run("open block", "nothing"), "");
  EXPECT_TRUE(committed_rows().empty());
}

}  // namespace
}  // namespace aftercommit
