#include "client/settings/environment.hpp"

#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <string>
#include <string_view>

namespace aftercommit::detail {
namespace {

constexpr std::string_view kDatabaseVariable = "DATABASE_URL";

std::string value_of(const std::string& variable) {
  const char* value = std::getenv(variable.c_str());
  return value != nullptr ? value : "";
}

std::string lower(std::string_view text) {
  std::string result{text};
  std::ranges::transform(result, result.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return result;
}

/// "" for anything but DATABASE_URL (alias default) and DATABASE_URL_<ALIAS>.
std::string alias_of(std::string_view variable) {
  if (variable == kDatabaseVariable) return defaults::kDatabase;
  if (!variable.starts_with(kDatabaseVariable)) return {};
  variable.remove_prefix(kDatabaseVariable.size());
  return variable.size() > 1 && variable.front() == '_' ? lower(variable.substr(1)) : std::string{};
}

}  // namespace

void fill_from_environment(AppOptions& options) {
  if (options.redis_url.empty()) options.redis_url = value_of("REDIS_URL");
  if (options.redis_url.empty()) options.redis_url = "redis://127.0.0.1:6379/0";

  for (auto& [alias, database] : options.databases) {
    if (database.url.empty()) database.url = value_of(variable_of(alias));
  }
  if (!options.databases.empty()) return;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line = *entry;
    const auto equals = line.find('=');
    if (equals == std::string_view::npos || equals + 1 == line.size()) continue;
    const auto alias = alias_of(line.substr(0, equals));
    if (!alias.empty()) options.databases[alias].url = line.substr(equals + 1);
  }
}

std::string variable_of(std::string_view alias) {
  std::string variable{kDatabaseVariable};
  if (alias == defaults::kDatabase) return variable;
  variable += '_';
  for (const unsigned char c : alias) {  // a shell's names know no . and no -
    variable += std::isalnum(c) != 0 ? static_cast<char>(std::toupper(c)) : '_';
  }
  return variable;
}

}  // namespace aftercommit::detail
