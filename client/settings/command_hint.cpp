#include "client/settings/command_hint.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "base/text/text.hpp"
#include "client/settings/environment.hpp"

namespace aftercommit::detail {
namespace {

/// What libpq understands of a URL, in its other form: keyword=value, without what is secret and what is
/// empty. Empty where it is no URL.
std::string without_password(const std::string& url) {
  char* trouble = nullptr;
  const std::unique_ptr<PQconninfoOption, decltype(&::PQconninfoFree)> options{
      ::PQconninfoParse(url.c_str(), &trouble), &::PQconninfoFree};
  ::PQfreemem(trouble);
  std::string text;
  for (auto* option = options.get(); option != nullptr && option->keyword != nullptr; ++option) {
    const std::string_view keyword = option->keyword;
    if (option->val == nullptr || *option->val == '\0' || keyword.find("password") != keyword.npos ||
        keyword == "application_name" || keyword == "sslkey") {
      continue;
    }
    std::string value;
    for (const char c : std::string_view{option->val}) {
      if (c == '\'' || c == '\\') value += '\\';
      value += c;
    }
    const bool plain = value == option->val && value.find_first_of(" \t\n") == value.npos;
    text.append(text.empty() ? "" : " ").append(keyword).append("=");
    text += plain ? value : "'" + value + "'";
  }
  return clean_text(text);
}

}  // namespace

std::string shell_word(std::string_view text) {
  const auto plain = [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view{"_-./:=,@%+"}.find(static_cast<char>(c)) != std::string_view::npos;
  };
  if (!text.empty() && std::ranges::all_of(text, plain)) return std::string{text};
  std::string word = "'";
  for (const char c : text) word += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
  return word + "'";
}

std::string command_for(const Database& database, std::string_view command) {
  const auto& options = database.options();
  std::string line{"aftercommit "};
  line += command;
  if (options.schema != DatabaseOptions{}.schema) line += " --schema " + shell_word(options.schema);
  const auto& alias = database.alias();
  const char* const known = std::getenv(variable_of(alias).c_str());
  const auto connection =
      known != nullptr && options.url == known ? std::string{} : without_password(options.url);
  if (connection.empty()) return line + " --database " + shell_word(alias);
  return line + " --database " + shell_word(alias + "=" + connection);
}

}  // namespace aftercommit::detail
