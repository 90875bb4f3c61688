/// What shells complete, tried by the shell itself; and that nothing of --help is left out.
#include "cli/completion.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/command_line.hpp"
#include "cli/descriptions.hpp"
#include "cli/man_page.hpp"
#include "support/temporary_folder.hpp"

namespace aftercommit::cli {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

/// What bash offers for the last of these words.
std::vector<std::string> offered(const std::string& words) {
  const auto folder = support::temporary_folder("completion");
  const auto script = folder / "script";
  std::ofstream{script} << bash_completion(command_table()) << "COMP_WORDS=(" << words << ")\n"
                        << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n_aftercommit\n"
                        << "printf '%s\\n' \"${COMPREPLY[@]}\"\n";
  std::vector<std::string> all;
  if (auto* output = ::popen(("bash -u " + script.string()).c_str(), "re")) {
    char line[256];
    while (std::fgets(line, sizeof line, output) != nullptr) {
      std::string word{line};
      all.push_back(word.substr(0, word.find('\n')));
    }
    ::pclose(output);
  }
  std::filesystem::remove_all(folder);
  return all;
}

TEST(BashCompletion, OffersCommandsTheirVerbsAndTheirOptions) {
  EXPECT_THAT(offered("aftercommit do"), ::testing::ElementsAre("doctor"));
  EXPECT_THAT(offered("aftercommit dead re"), ::testing::ElementsAre("retry"));
  EXPECT_THAT(offered("aftercommit dead retry --q"), ::testing::ElementsAre("--queue="));
  EXPECT_THAT(offered("aftercommit stats --w"), ::testing::ElementsAre("--watch"));
  EXPECT_THAT(offered("aftercommit stats --json --re"), Contains("--redis="));
  EXPECT_THAT(offered("aftercommit completion z"), ::testing::ElementsAre("zsh"));
}

TEST(ZshCompletion, NamesEveryCommandAndOption) {
  const auto script = zsh_completion(command_table());
  EXPECT_TRUE(script.starts_with("#compdef aftercommit\n"));
  for (const auto& command : command_table()) {
    EXPECT_THAT(script, HasSubstr("'" + command.name + "') words_here=(")) << command.name;
    for (const auto& option : command.options) EXPECT_THAT(script, HasSubstr("'--" + option.name + ":"));
  }
}

TEST(ManPageOfTheCommand, ShowsEveryCommandAndOptionWithWhatTheyAreFor) {
  const auto page = own_man_page();
  EXPECT_THAT(page, HasSubstr(".TH AFTERCOMMIT 1"));
  EXPECT_THAT(page, HasSubstr("EXIT STATUS"));
  for (const auto& command : command_table()) {
    EXPECT_THAT(
        page, HasSubstr(".SS \"aftercommit " + (command.name == "new-token" ? "new\\-token" : command.name)));
  }
  EXPECT_THAT(page, HasSubstr("\\fB\\-\\-watch\\fR[=\\fIS\\fR]"));
  EXPECT_THAT(page, Not(HasSubstr("\n'"))) << "it would be a request of troff";
}

TEST(CommandTable, HasAnExampleWhereThereAreOptionsToThinkAbout) {
  for (const auto& command : command_table()) {
    if (command.name == "stats" || command.name == "doctor" || command.name == "audit") {
      EXPECT_THAT(command.examples, HasSubstr("aftercommit " + command.name)) << command.name;
    }
  }
}

std::variant<Options, PrintAndExit> parse(std::vector<const char*> words) {
  words.insert(words.begin(), "aftercommit");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TEST(StatsOptions, TakeTheSecondsOfAWatchInEveryForm) {
  using namespace std::chrono_literals;
  EXPECT_FALSE(std::get<Options>(parse({"stats"})).watch.has_value());
  EXPECT_EQ(std::get<Options>(parse({"stats", "--watch"})).watch, 2s);
  EXPECT_EQ(std::get<Options>(parse({"stats", "--watch=5"})).watch, 5s);
  EXPECT_EQ(std::get<Options>(parse({"stats", "--watch", "0.5"})).watch, 500ms);
  EXPECT_EQ(std::get<Options>(parse({"stats", "--rate", "0"})).rate, 0ms);
}

}  // namespace
}  // namespace aftercommit::cli
