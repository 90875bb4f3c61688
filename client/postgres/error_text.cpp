#include "client/postgres/error_text.hpp"

#include <algorithm>
#include <typeinfo>

#include "base/text/type_name.hpp"

namespace aftercommit::detail {

std::string what_of(const std::exception& error) {
  const char* const text = error.what();
  return text != nullptr ? text : "an exception without a text, of the type " + type_name(typeid(error));
}

std::string first_line(std::string_view text) {
  text = text.substr(0, text.find('\n'));
  // libpq puts two spaces behind the severity, a word of the server's language.
  const auto severity = text.find(":  ");
  if (severity != text.npos && text.find(' ') > severity) {
    text.remove_prefix(severity);
    text.remove_prefix(std::min(text.find_first_not_of(": "), text.size()));
  }
  return std::string{text};
}

std::string first_line(const std::exception& error) { return first_line(what_of(error)); }

std::string reasons_of(std::string_view text) {
  constexpr std::string_view kHost = "connection to server";  // begins what is said of each of several hosts
  auto reasons = first_line(text);
  for (auto end = text.find('\n'); end != text.npos; end = text.find('\n')) {
    text.remove_prefix(end + 1);
    if (text.starts_with(kHost)) reasons.append("; ").append(text.substr(0, text.find('\n')));
  }
  return reasons;
}

}  // namespace aftercommit::detail
