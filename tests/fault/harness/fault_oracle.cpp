/// The oracle as a program, for runs that a script drives: fault_oracle tables | check FOLDER.  `tables`
/// prints the SQL of what tasks and producers write; `check` judges by DATABASE_URL and the files of FOLDER:
/// intents-*, runs, and letters, a dead letter of Redis on each line.  Answers 1 if a promise was broken.
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <string>
#include <string_view>

#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/oracle.hpp"

namespace aftercommit::fault {
namespace {

int check_folder(const std::filesystem::path& folder) {
  const char* const url = std::getenv("DATABASE_URL");
  Evidence evidence{.database_url = url != nullptr ? url : "",
                    .intents = {},
                    .runs = folder / "runs",
                    .processes_die_running = true};
  for (const auto& entry : std::filesystem::directory_iterator{folder}) {
    if (entry.path().filename().string().starts_with("intents-")) evidence.intents.push_back(entry.path());
  }
  std::ifstream letters{folder / "letters"};
  for (std::string line; std::getline(letters, line);) evidence.letters.push_back(line);
  const auto findings = check(evidence);
  std::cout << findings.text();
  return findings.violations() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace aftercommit::fault

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  try {
    if (what == "tables" && argc == 2) {
      std::cout << aftercommit::fault::kTables;
      return 0;
    }
    if (what == "check" && argc == 3) return aftercommit::fault::check_folder(argv[2]);
    std::cerr << "usage: fault_oracle tables | check FOLDER\n";
  } catch (const std::exception& error) {
    std::cerr << "fault_oracle: " << error.what() << '\n';
  }
  return 2;
}
