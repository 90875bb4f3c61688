#include "client/error_text.hpp"

#include <algorithm>

namespace aftercommit::detail {

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

std::string first_line(const std::exception& error) { return first_line(std::string_view{error.what()}); }

std::string without_secrets(std::string message, std::string_view url) {
  const auto user = url.find("://");
  const auto begin = user == url.npos ? url.find("password") : url.find(':', user + 3);
  const auto end = user == url.npos ? url.size() : std::min(url.rfind('@'), url.size());
  if (begin == url.npos) return message;
  std::size_t open = 0;
  while ((open = message.find('"', open)) != message.npos) {
    const auto close = message.find('"', open + 1);
    if (close == message.npos) break;
    const auto quoted = message.substr(open + 1, close - open - 1);
    bool secret = false;
    for (auto at = url.find(quoted); at != url.npos && !quoted.empty(); at = url.find(quoted, at + 1)) {
      secret = secret || (at < end && at + quoted.size() > begin);
    }
    if (secret) message.replace(open + 1, quoted.size(), "***");
    open = message.find('"', open + 1) + 1;
  }
  return message;
}

}  // namespace aftercommit::detail
