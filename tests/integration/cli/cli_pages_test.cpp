// What the commands say of themselves elsewhere: the manual pages name all that --help does.
#include <gmock/gmock.h>

#include <regex>
#include <set>
#include <string>
#include <vector>

#include "support/fixtures/cli_fixture.hpp"

namespace aftercommit {
namespace {

using support::run_cli;
using support::WorkerProcess;
using ::testing::HasSubstr;
using ::testing::IsSupersetOf;

/// All "--words" in it.
std::set<std::string> options_in(std::string text) {
  text = std::regex_replace(text, std::regex{R"(\\-)"}, "-");  // as the language of pages spells it
  std::set<std::string> all;
  const std::regex option{"--[a-z][a-z-]*"};
  for (auto hit = std::sregex_iterator{text.begin(), text.end(), option}; hit != std::sregex_iterator{};
       ++hit)
    all.insert(hit->str());
  return all;
}

TEST(ManualPages, NameEveryOptionOfEveryCommand) {
  const auto page = run_cli({"--man-page"});
  EXPECT_EQ(page.exit_code, 0) << page.error;
  const auto overview = run_cli({"--help"}).output;
  const auto named = options_in(page.output);
  const std::regex command{"\n  aftercommit ([a-z-]+(?: [a-z]+)?) "};
  int commands = 0;
  for (auto hit = std::sregex_iterator{overview.begin(), overview.end(), command};
       hit != std::sregex_iterator{}; ++hit) {
    const auto words = (*hit)[1].str();
    const auto space = words.find(' ');
    std::vector<std::string> call{words.substr(0, space)};
    if (space != std::string::npos) call.push_back(words.substr(space + 1));
    call.emplace_back("--help");
    const auto help = run_cli(call);
    if (help.exit_code != 0) {  // its usage begins with a word in lower case
      call.erase(call.end() - 2);
      ASSERT_EQ(run_cli(call).exit_code, 0) << words;
    }
    EXPECT_THAT(named, IsSupersetOf(options_in(run_cli(call).output))) << words;
    ++commands;
  }
  EXPECT_GT(commands, 15);
}

TEST(ManualPages, NameEveryOptionOfTheWorker) {
  WorkerProcess help{{AFTERCOMMIT_WORKER, "--help"}};
  WorkerProcess page{{AFTERCOMMIT_WORKER, "--man-page"}};
  EXPECT_EQ(help.exit_code(), 0);
  EXPECT_EQ(page.exit_code(), 0);
  EXPECT_GT(options_in(help.output()).size(), 20U);
  EXPECT_THAT(options_in(page.output()), IsSupersetOf(options_in(help.output())));
  EXPECT_THAT(page.output(), HasSubstr(".TH WORKER 1"));
}

}  // namespace
}  // namespace aftercommit
