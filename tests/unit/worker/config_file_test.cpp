// The file of --config: what it says, and how it is refused.
#include "worker/settings/config_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "aftercommit/error.hpp"
#include "support/temporary_folder.hpp"
#include "worker/settings/command_line.hpp"

namespace aftercommit::worker {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class ConfigFileTest : public ::testing::Test {
 protected:
  /// The servers of other tests are none of these.
  ConfigFileTest() {
    for (const auto* const name : {"REDIS_URL", "DATABASE_URL", "DATABASE_URL_REPORTS"}) remember(name);
    for (const auto& [name, value] : before_) ::unsetenv(name.c_str());
  }
  ~ConfigFileTest() override {
    for (const auto& [name, value] : before_) {
      value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
    }
    std::filesystem::remove_all(folder_);
  }

  void set(const std::string& name, const std::string& value) {
    remember(name);
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::variant<Options, PrintAndExit> parse(const std::string& text,
                                            std::vector<std::string> arguments = {}) {
    std::ofstream{path_} << text;
    arguments.insert(arguments.begin(), {"worker", "--config", path_.string()});
    std::vector<const char*> argv;
    for (const auto& argument : arguments) argv.push_back(argument.c_str());
    return parse_command_line(static_cast<int>(argv.size()), argv.data(), false);
  }
  Options options(const std::string& text, std::vector<std::string> arguments = {}) {
    return std::get<Options>(parse(text, std::move(arguments)));
  }
  std::string refusal(const std::string& text) {
    try {
      parse(text);
    } catch (const UsageError& error) {
      return error.what();
    }
    return "not refused";
  }

 private:
  void remember(const std::string& name) {
    const char* const value = std::getenv(name.c_str());
    before_.try_emplace(name, value != nullptr ? std::optional<std::string>{value} : std::nullopt);
  }

  const std::filesystem::path folder_ = support::temporary_folder("config");
  const std::filesystem::path path_ = folder_ / "worker.conf";
  std::map<std::string, std::optional<std::string>> before_;
};

TEST_F(ConfigFileTest, SaysWhatTheCommandLineSaysByTheNamesOfOptionsAndOfVariables) {
  const auto found = options(
      "# of the shop\n\nlog-level = debug\r\n  concurrency=3\nAFTERCOMMIT_PREFETCH = \"7\"\n"
      "no-relay = true\nREDIS_URL = redis://one/0\nDATABASE_URL_REPORTS = postgresql://two/r\n"
      "database = postgresql://three/d?a=b#c\n");
  EXPECT_EQ(found.log_level, LogLevel::kDebug);
  EXPECT_EQ(found.concurrency, 3U);
  EXPECT_EQ(found.prefetch, 7U);
  EXPECT_FALSE(found.relay);
  EXPECT_EQ(found.redis_url, "redis://one/0");
  EXPECT_EQ(found.database_urls.at("reports"), "postgresql://two/r");
  EXPECT_EQ(found.database_urls.at("default"), "postgresql://three/d?a=b#c");
}

TEST_F(ConfigFileTest, GivesWayToTheEnvironmentAndThatToTheCommandLine) {
  const std::string file = "lease = 30\nprefetch = 1\nconcurrency = 1\nredis = redis://file/0\n";
  set("AFTERCOMMIT_PREFETCH", "2");
  set("AFTERCOMMIT_CONCURRENCY", "2");
  set("REDIS_URL", "redis://environment/0");
  const auto found = options(file, {"--concurrency", "3"});
  EXPECT_EQ(found.lease, std::chrono::seconds{30});
  EXPECT_EQ(found.prefetch, 2U);
  EXPECT_EQ(found.concurrency, 3U);
  EXPECT_EQ(found.redis_url, "");  // the app reads the variable
}

TEST_F(ConfigFileTest, IsRefusedWithTheLineAndTheNameThatWasMeant) {
  EXPECT_THAT(
      refusal("lease = 30\nlog_levle = debug\n"),
      AllOf(HasSubstr("line 2 of '"), HasSubstr("no option 'log_levle'"), HasSubstr("mean 'log-level'?")));
  EXPECT_THAT(refusal("zzzzzzzzzz = 1\n"), AllOf(HasSubstr("line 1 of '"), HasSubstr("worker --help")));
  EXPECT_THAT(refusal("lease 30\n"), HasSubstr("line 1 of '"));
  EXPECT_THAT(refusal("lease =\n"), HasSubstr("'lease' has no value"));
  EXPECT_THAT(refusal("lease = 30\nAFTERCOMMIT_LEASE = 40\n"), HasSubstr("stands in line 1 already"));
  EXPECT_THAT(refusal("help = 1\n"), HasSubstr("no option 'help'"));
  EXPECT_THAT(refusal("concurrency = many\n"), AllOf(HasSubstr("--concurrency takes a number"),
                                                     HasSubstr("line 1 of '"), HasSubstr("says so")));
}

TEST_F(ConfigFileTest, IsToBeReadable) {
  const char* const argv[] = {"worker", "--config", "/no/such/worker.conf"};
  try {
    parse_command_line(3, argv, false);
    FAIL();
  } catch (const UsageError& error) {
    EXPECT_THAT(error.what(), AllOf(HasSubstr("'/no/such/worker.conf'"), HasSubstr("No such file")));
  }
}

TEST_F(ConfigFileTest, IsShownByCheckConfigWithWhatElseHoldsAndNoPassword) {
  set("AFTERCOMMIT_LEASE", "30");
  const auto parsed = parse(
      "redis = redis://user:top-secret@host/0\nqueues = mail\n"
      "database = reports=postgresql://shop:hidden@db/r\n",
      {"--concurrency", "5", "--check-config"});
  const auto& text = std::get<PrintAndExit>(parsed).text;
  const auto line = [](const std::string& option, const std::string& value, const std::string& from) {
    return ::testing::ContainsRegex("(^|\n)" + option + " += " + value + " +# " + from);
  };
  EXPECT_THAT(text, AllOf(line("concurrency", "5", "--concurrency"), line("lease", "30", "AFTERCOMMIT_LEASE"),
                          line("queues", "mail", "line 2 of '"), line("prefetch", "200", "default"),
                          line("redis", "redis://user:[*]+@host/0", "line 1 of '"),
                          HasSubstr("reports=host=db dbname=r user=shop "), HasSubstr("line 3 of '"),
                          Not(HasSubstr("top-secret")), Not(HasSubstr("hidden"))));
}

}  // namespace
}  // namespace aftercommit::worker
