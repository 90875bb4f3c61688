#include "client/statements/sql_template.hpp"

#include <algorithm>
#include <cassert>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"

namespace aftercommit::detail {
namespace {

constexpr std::size_t kIdentifierLimit = 63;  // bytes: PostgreSQL cuts what is longer, without an error

bool is_schema_name(std::string_view name) {
  // Braces are places of our own in SQL, and a line's end would leave a comment.
  const auto refused = [](char c) {
    return c == '{' || c == '}' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  };
  return !name.empty() && name.size() <= kIdentifierLimit && valid_utf8(name) &&
         std::ranges::none_of(name, refused);
}

std::string quoted(std::string_view text, char quote) {
  std::string result(1, quote);
  for (const char c : text) {
    // A backslash is a letter like others in '...' only if the server is so configured.
    if (c == quote || (c == '\\' && quote == '\'')) result += c;
    result += c;
  }
  result += quote;
  return result;
}

void replace_all(std::string& text, std::string_view place, std::string_view value) {
  for (auto at = text.find(place); at != text.npos; at = text.find(place, at + value.size())) {
    text.replace(at, place.size(), value);
  }
}

}  // namespace

std::string text_literal(std::string_view text) {
  return (text.find('\\') == text.npos ? "" : " E") + quoted(text, '\'');
}

std::string in_schema(std::string_view sql, std::string_view schema) {
  if (!is_schema_name(schema)) {
    throw ConfigError{"'" + shown_argument(schema) +
                      "' cannot be a schema: its name is 1 to 63 bytes of UTF-8, without braces and control "
                      "characters"};
  }
  std::string result{sql};
  replace_all(result, "{schema}", quoted(schema, '"'));
  replace_all(result, "{schema_name}", text_literal(schema));
  return result;
}

SqlTemplate::SqlTemplate(std::string_view text) {
  std::vector<std::string_view> names;
  std::vector<std::string> parameters;
  while (true) {
    const auto open = text.find('{');
    const auto close = open == text.npos ? text.npos : text.find('}', open);
    if (close == text.npos) break;
    const auto name = text.substr(open + 1, close - open - 1);
    const auto known = std::ranges::find(names, name);
    value_of_.push_back(static_cast<std::size_t>(known - names.begin()));
    if (known == names.end()) {
      names.push_back(name);
      parameters.push_back("$" + std::to_string(names.size()));
    }
    pieces_.emplace_back(text.substr(0, open));
    text.remove_prefix(close + 1);
  }
  pieces_.emplace_back(text);
  append_to(with_parameters_, parameters);
}

void SqlTemplate::append_to(std::string& out, std::span<const std::string> values) const {
  assert(value_of_.empty() || *std::ranges::max_element(value_of_) + 1 == values.size());
  out += pieces_.front();
  for (std::size_t i = 0; i < value_of_.size(); ++i) out.append(values[value_of_[i]]).append(pieces_[i + 1]);
}

}  // namespace aftercommit::detail
