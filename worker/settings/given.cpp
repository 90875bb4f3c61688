#include "worker/settings/given.hpp"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <exception>
#include <optional>
#include <utility>

#include "aftercommit/app.hpp"
#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "client/postgres/connection_url.hpp"
#include "client/settings/database_argument.hpp"
#include "client/settings/environment.hpp"

namespace aftercommit::worker {
namespace {

std::string variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  return value != nullptr ? value : "";
}

/// Of a line that says which database; throws UsageError with its place.
std::pair<std::string, std::string> database_in(const ConfigLine& line, const ConfigFile& file) {
  if (!line.alias.empty()) return {line.alias, line.value};
  try {
    auto [alias, url] = aftercommit::detail::parse_database_argument(line.value);
    return {std::move(alias), std::move(url)};
  } catch (const UsageError& error) {
    throw UsageError{file.place_of(line) + ": " + error.what()};
  }
}

/// The value, or the default, of an option that takes one; nothing where there is neither, and of a flag.
std::optional<std::string> text_of(const cxxopts::ParseResult& parsed, const std::string& option) {
  try {
    return parsed[option].as<std::string>();
  } catch (const std::exception&) {  // cxxopts has no other way to say so
    return std::nullopt;
  }
}

}  // namespace

std::string environment_name(std::string_view option) {
  std::string name = "AFTERCOMMIT_";
  for (const char c : option)
    name += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

Given::Value Given::look(const std::string& option) const {
  asked_last_ = option;
  if (parsed_.count(option) > 0) return {parsed_[option].as<std::string>(), "--" + option};
  const auto name = environment_name(option);
  if (auto value = variable(name); !value.empty()) return {std::move(value), name};
  if (const auto* const line = file_.find(option)) return {line->value, file_.place_of(*line)};
  return {};
}

std::string Given::optional_value_of(const std::string& option) const { return look(option).text; }

std::string Given::value_of(const std::string& option) const {
  const auto found = look(option).text;
  return found.empty() ? parsed_[option].as<std::string>() : found;
}

bool Given::flag(const std::string& option) const {
  if (parsed_.count(option) > 0) {
    asked_last_ = option;
    return parsed_[option].as<bool>();
  }
  const auto [text, from] = look(option);
  if (text.empty() || text == "0" || text == "false") return false;
  if (text == "1" || text == "true") return true;
  const bool in_file = from.starts_with("line ");
  throw UsageError{"--" + option + " is set by 1 or true in the " + (in_file ? "file" : "environment") +
                   " and left out by 0 or false, not '" + shown_argument(text, 40) + "'"};
}

std::string Given::redis_url() const {
  if (parsed_.count("redis") > 0) return parsed_["redis"].as<std::string>();
  const auto* const line = file_.find("redis");
  return line != nullptr && variable("REDIS_URL").empty() ? line->value : std::string{};
}

std::map<std::string, std::string> Given::database_urls() const {
  std::map<std::string, std::string> urls;
  for (const auto& given : parsed_.arguments()) {  // not as a vector: cxxopts would split a URL at its commas
    if (given.key() != "database") continue;
    auto [alias, url] = aftercommit::detail::parse_database_argument(given.value());
    urls[alias] = url;
  }
  std::map<std::string, std::string> in_file;
  for (const auto& line : file_.lines()) {
    if (line.option != "database") continue;
    auto [alias, url] = database_in(line, file_);
    if (!in_file.emplace(alias, url).second) {
      throw UsageError{file_.place_of(line) + ": database '" + alias + "' stands there already"};
    }
    if (variable(aftercommit::detail::variable_of(alias)).empty()) urls.try_emplace(alias, url);
  }
  return urls;
}

std::string Given::blame(std::string_view error) const {
  const auto* const line = file_.find(asked_last_);
  if (line == nullptr || !error.starts_with("--" + asked_last_)) return {};
  const auto found = look(asked_last_);
  return found.from == file_.place_of(*line) ? "; " + found.from + " says so" : std::string{};
}

Given::Value Given::shown(const std::string& option) const {
  const auto text = text_of(parsed_, option);
  const bool is_given_flag = parsed_.count(option) > 0 && !text;
  auto value = is_given_flag ? Value{"true", "--" + option} : look(option);
  if (value.from.empty()) value = text ? Value{*text, "default"} : Value{"-", "not given"};
  value.text = shown_argument(value.text, 200);
  return value;
}

void Given::add_databases(std::vector<std::pair<std::string, Value>>& rows) const {
  std::map<std::string, Value> all;
  AppOptions found;
  aftercommit::detail::fill_from_environment(found);
  for (const auto& [alias, database] : found.databases) {
    all[alias] = {database.url, aftercommit::detail::variable_of(alias) + ", unless the app says otherwise"};
  }
  const auto flags = parsed_.arguments();
  for (const auto& [alias, url] : database_urls()) {
    const auto line = std::ranges::find_if(file_.lines(), [&, alias = alias](const ConfigLine& one) {
      return one.option == "database" && database_in(one, file_).first == alias;
    });
    const bool by_flag = std::ranges::any_of(flags, [&, alias = alias](const auto& one) {
      return one.key() == "database" &&
             aftercommit::detail::parse_database_argument(one.value()).first == alias;
    });
    all[alias] = {url, by_flag || line == file_.lines().end() ? "--database" : file_.place_of(*line)};
  }
  for (auto& [alias, value] : all) {
    value.text = alias + "=" + aftercommit::detail::shown_database_url(value.text);
    rows.emplace_back("database", std::move(value));
  }
  if (all.empty()) rows.emplace_back("database", Value{"-", "as the app says"});
}

std::string Given::table(const std::vector<std::string>& options) const {
  std::vector<std::pair<std::string, Value>> rows;
  for (const auto& option : options) {
    if (option == "database") {
      add_databases(rows);
    } else if (option == "redis") {
      const auto* const line = file_.find("redis");
      if (const auto url = redis_url(); !url.empty()) {
        const bool by_flag = parsed_.count("redis") > 0 || line == nullptr;
        rows.emplace_back(option, Value{masked_url(url), by_flag ? "--redis" : file_.place_of(*line)});
      } else {
        AppOptions found;
        aftercommit::detail::fill_from_environment(found);
        rows.emplace_back(option, Value{masked_url(found.redis_url),
                                        std::string{variable("REDIS_URL").empty() ? "default" : "REDIS_URL"} +
                                            ", unless the app says otherwise"});
      }
    } else {
      rows.emplace_back(option, shown(option));
    }
  }
  std::size_t names = 0;
  std::size_t values = 0;
  for (const auto& [name, value] : rows) {
    names = std::max(names, name.size());
    values = std::max(values, std::min<std::size_t>(value.text.size(), 50));
  }
  std::string text;
  for (const auto& [name, value] : rows) {
    text += name + std::string(names - name.size(), ' ') + " = " + value.text;
    if (value.text.size() < values) text.append(values - value.text.size(), ' ');
    text += "  # " + value.from + '\n';
  }
  return text;
}

}  // namespace aftercommit::worker
