/// The value of an option --database.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/delivery.hpp"
#include "broker/text.hpp"

namespace aftercommit::detail {

/// Alias and URL of "reports=postgresql://...", or of "reports=host=db dbname=shop", libpq's other form; of
/// anything else that is a URL, the alias default.
inline std::pair<std::string, std::string> parse_database_argument(std::string_view text) {
  const auto equals = std::min(text.find('='), text.size());
  const auto alias = text.substr(0, equals);
  const auto url = text.substr(std::min(equals + 1, text.size()));
  const auto keyword = url.substr(0, std::min(url.find_first_of("= "), url.size()));
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://") ||
                      (keyword.size() < url.size() && url[keyword.size()] == '=' && valid_name(keyword));
  if (!is_url || !valid_name(alias)) {  // user=postgres is libpq's own form
    return {std::string{defaults::kDatabase}, std::string{text}};
  }
  return {std::string{alias}, std::string{url}};
}

}  // namespace aftercommit::detail
