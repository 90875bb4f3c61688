#include "client/settings/database_argument.hpp"

#include <algorithm>

#include "aftercommit/delivery.hpp"
#include "base/text/text.hpp"
#include "client/postgres/connection_url.hpp"

namespace aftercommit::detail {

std::pair<std::string, std::string> parse_database_argument(std::string_view text) {
  const auto equals = std::min(text.find('='), text.size());
  const std::string alias{text.substr(0, equals)};
  const auto url = text.substr(std::min(equals + 1, text.size()));
  const bool is_url = url.starts_with("postgresql://") || url.starts_with("postgres://");
  if (!valid_name(alias) || url.empty() || (!is_url && is_connection_keyword(alias))) {
    return {std::string{defaults::kDatabase}, std::string{text}};
  }
  return {alias, std::string{url}};
}

}  // namespace aftercommit::detail
