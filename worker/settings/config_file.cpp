#include "worker/settings/config_file.hpp"

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "base/text/nearest.hpp"
#include "base/text/secrets.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::string_view kDatabase = "DATABASE_URL";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string_view without_quotes(std::string_view value) {
  const bool quoted =
      value.size() >= 2 && (value.front() == '"' || value.front() == '\'') && value.back() == value.front();
  return quoted ? value.substr(1, value.size() - 2) : value;
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// The option that a name stands for, whether or not there is one.
ConfigLine option_of(std::string_view name) {
  constexpr std::string_view kOurs = "AFTERCOMMIT_";
  if (name == "REDIS_URL") return {.option = "redis", .alias = {}, .value = {}};
  if (name == kDatabase) return {.option = "database", .alias = defaults::kDatabase, .value = {}};
  if (name.starts_with(kDatabase) && name.size() > kDatabase.size() + 1 && name[kDatabase.size()] == '_')
    return {.option = "database", .alias = lower(name.substr(kDatabase.size() + 1)), .value = {}};
  if (!name.starts_with(kOurs)) return {.option = std::string{name}, .alias = {}, .value = {}};
  auto option = lower(name.substr(kOurs.size()));
  std::ranges::replace(option, '_', '-');
  return {.option = std::move(option), .alias = {}, .value = {}};
}

}  // namespace

ConfigFile::ConfigFile(std::string path, const std::vector<std::string>& known) : path_{std::move(path)} {
  std::error_code unknown;
  const bool is_folder = std::filesystem::is_directory(path_, unknown);
  errno = 0;
  std::ifstream file{path_};
  const std::string text{std::istreambuf_iterator<char>{file}, {}};
  if (is_folder || !file.is_open() || file.bad()) {
    throw UsageError{"cannot read the file of --config, '" + shown_argument(path_, 200) +
                     "': " + std::generic_category().message(is_folder ? EISDIR : errno)};
  }
  read(text, known);
}

ConfigFile ConfigFile::of_text(std::string path, const std::string& text,
                               const std::vector<std::string>& known) {
  ConfigFile file;
  file.path_ = std::move(path);
  file.read(text, known);
  return file;
}

void ConfigFile::read(const std::string& text, const std::vector<std::string>& known) {
  std::istringstream lines{text};
  int number = 0;
  for (std::string line; std::getline(lines, line);) read_line(std::move(line), ++number, known);
}

void ConfigFile::read_line(std::string line, int number, const std::vector<std::string>& known) {
  const auto text = trimmed(line);
  if (text.empty() || text.front() == '#' || text.front() == ';') return;
  const auto equals = text.find('=');
  const auto name = trimmed(text.substr(0, equals));
  auto found = option_of(name);
  found.number = number;
  const auto where = place_of(found) + ": ";
  if (equals == std::string_view::npos || name.empty()) {
    throw UsageError{where + "it is of no form `name = value`; a comment begins with #"};
  }
  if (std::ranges::find(known, found.option) == known.end()) {
    const auto meant = nearest(found.option, known);
    throw UsageError{where + "there is no option '" + shown_argument(name, 40) + "'" +
                     (meant.empty() ? "; see worker --help" : "; did you mean '" + meant + "'?")};
  }
  found.value = without_quotes(trimmed(text.substr(equals + 1)));
  if (found.value.empty()) throw UsageError{where + "'" + std::string{name} + "' has no value"};
  if (const auto* const before = find(found.option); before != nullptr && found.option != "database") {
    throw UsageError{where + "'" + found.option + "' stands in line " + std::to_string(before->number) +
                     " already"};
  }
  lines_.push_back(std::move(found));
}

const ConfigLine* ConfigFile::find(const std::string& option) const {
  const auto found = std::ranges::find(lines_, option, &ConfigLine::option);
  return found == lines_.end() ? nullptr : &*found;
}

std::string ConfigFile::place_of(const ConfigLine& line) const {
  return "line " + std::to_string(line.number) + " of '" + shown_argument(path_, 200) + "'";
}

}  // namespace aftercommit::worker
