/// Finds what may be a password by where it stands in the URL's text, since a mistyped one has no parts.
#include "base/text/secrets.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <utility>

namespace aftercommit {
namespace {

constexpr std::string_view kMask = "***";
constexpr std::size_t kPiece = 5;  // so many characters of a secret in a row tell too much of it

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
bool is_word(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
char lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

int hex_digit(char c) noexcept {
  if (is_digit(c)) return c - '0';
  const char l = lower(c);
  return l >= 'a' && l <= 'f' ? l - 'a' + 10 : -1;
}

/// Where it is right; what is no percent sign of a URL stays as it is.
std::string percent_decoded(std::string_view text) {
  std::string decoded;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    decoded += low >= 0 ? static_cast<char>(high * 16 + low) : text[i];
    if (low >= 0) i += 2;
  }
  return decoded;
}

/// Where `word`, in small letters, begins in `text` at or after `from`.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) noexcept {
  const auto same = [](char in_text, char in_word) { return lower(in_text) == in_word; };
  const auto found = std::search(text.begin() + static_cast<std::ptrdiff_t>(std::min(from, text.size())),
                                 text.end(), word.begin(), word.end(), same);
  return found == text.end() ? text.npos : static_cast<std::size_t>(found - text.begin());
}

/// Before the host: all but a user who has a password, or whoever he is, where he has none.
std::string_view credentials(std::string_view url, std::size_t begin, std::size_t at) noexcept {
  const auto colon = url.find(':', begin);
  const auto from = begin > 0 && colon < at ? colon + 1 : begin;
  return url.substr(from, at - from);
}

/// Of a URL without '@': from the first port that is no number to the end.
std::string_view strange_port(std::string_view url, std::size_t begin) noexcept {
  const auto end = std::min(url.find_first_of("/?", begin), url.size());
  bool in_brackets = false;
  for (auto i = begin; i < end; ++i) {
    if (url[i] == '[') in_brackets = true;
    if (url[i] == ']') in_brackets = false;
    if (url[i] != ':' || in_brackets) continue;
    const auto rest = url.substr(i + 1, std::min(url.find(',', i), end) - i - 1);
    if (!std::ranges::all_of(rest, is_digit)) return url.substr(i + 1);
  }
  return {};
}

/// After the word "password" or "passfile", whichever letters come before it: to the end of the value, or of
/// the text where that is not clear.
std::string_view value_of_password(std::string_view url, std::size_t after) noexcept {
  auto rest = url.substr(std::min(after, url.size()));
  const auto equals = rest.find_first_not_of(" \t\r\n");
  if (equals == rest.npos || rest[equals] != '=') return rest;
  rest.remove_prefix(equals + 1);
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t\r\n"), rest.size()));
  if (rest.starts_with('\'') || rest.find('\\') != rest.npos) return rest;
  return rest.substr(0, rest.find_first_of(url.find("://") == url.npos ? " \t\r\n" : "&"));
}

/// The first of what may be a password by its place: before the '@', or where none may stand without one.
std::string_view by_place(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  const auto begin = scheme == url.npos ? 0 : scheme + 3;
  const auto at = url.rfind('@');  // the last one: a password may have been typed with another
  if (at != url.npos && at >= begin) return credentials(url, begin, at);
  return scheme == url.npos ? std::string_view{} : strange_port(url, begin);
}

/// Whether a URL can be read otherwise than by the first '@' before a '/', and the ports behind it.
bool can_be_read_otherwise(std::string_view url) noexcept {
  const auto scheme = url.find("://");
  if (scheme == url.npos) return false;
  auto begin = scheme + 3;
  const auto end = url.find_first_of("@/", begin);
  const bool has_credentials = end != url.npos && url[end] == '@';
  if (has_credentials) begin = end + 1;
  const auto query = std::min(url.find('?', begin), url.size());
  if (url.substr(begin, query - begin).find('@') != url.npos) return true;
  return !has_credentials && !strange_port(url, begin).empty();
}

/// The same by the words before it.
std::vector<std::string_view> by_word(std::string_view url) {
  std::vector<std::string_view> values;
  for (const std::string_view word : {"password", "passwd", "passfile"}) {
    for (auto found = find_word(url, word, 0); found != url.npos; found = find_word(url, word, found + 1)) {
      values.push_back(value_of_password(url, found + word.size()));
    }
  }
  return values;
}

/// Whether what was found at `at` stands for itself: "a" is in every word.
bool stands_alone(std::string_view text, std::size_t at, std::size_t size) noexcept {
  return (at == 0 || !is_word(text[at - 1])) && (at + size == text.size() || !is_word(text[at + size]));
}

std::string masked_where(const std::vector<bool>& hidden, std::string_view text) {
  std::string masked;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (!hidden[i]) masked += text[i];
    if (hidden[i] && (i == 0 || !hidden[i - 1])) masked += kMask;
  }
  return masked;
}

std::string without_quotations(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto begin = std::min(text.find('"'), text.size());
    result += text.substr(0, begin);
    if (begin == text.size()) break;
    result.append("\"").append(kMask).append("\"");
    const auto end = text.find('"', begin + 1);
    text = end == text.npos ? std::string_view{} : text.substr(end + 1);
  }
  return result;
}

}  // namespace

Secrets::Secrets(std::string_view url) : in_any_part_{can_be_read_otherwise(url)} {
  add(by_place(url));
  for (const auto value : by_word(url)) add(value);
}

void Secrets::add(std::string_view secret) {
  if (secret.empty()) return;
  auto decoded = percent_decoded(secret);
  if (decoded != secret) forms_.push_back(std::move(decoded));
  forms_.emplace_back(secret);
}

std::string Secrets::masked(std::string_view text) const {
  std::vector<bool> hidden(text.size(), false);
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto size = longest_at(text, i);
    std::fill_n(hidden.begin() + static_cast<std::ptrdiff_t>(i), size, true);
  }
  const auto result = masked_where(hidden, text);
  return in_any_part_ ? without_quotations(result) : result;
}

/// How much of a secret stands there that tells of it.
std::size_t Secrets::longest_at(std::string_view text, std::size_t at) const {
  std::size_t longest = 0;
  for (const auto& form : forms_) {
    for (std::size_t begin = 0; begin < form.size(); ++begin) {
      const auto [in_form, in_text] =
          std::mismatch(form.begin() + static_cast<std::ptrdiff_t>(begin), form.end(),
                        text.begin() + static_cast<std::ptrdiff_t>(at), text.end());
      const auto size = static_cast<std::size_t>(in_form - form.begin()) - begin;
      const bool tells = size >= kPiece || (size == form.size() && stands_alone(text, at, size));
      if (tells) longest = std::max(longest, size);
    }
  }
  return longest;
}

bool may_hold_secret(std::string_view text) noexcept {
  // The word "password" may be mistyped as well, and nothing else that is typed has a '='.
  return text.find_first_of("@=") != text.npos || text.find("//") != text.npos ||
         find_word(text, "passw", 0) != text.npos;
}

std::string shown_argument(std::string_view text, std::size_t limit) {
  return may_hold_secret(text) ? std::string{kMask} : in_one_line(text, limit);
}

namespace {

constexpr std::string_view kSpace = " \t\r\n";

/// What stands behind the first of several URLs, each of which looks like one, with white space between.
std::optional<std::string_view> next_url(std::string_view url) {
  const auto space = url.find_first_of(kSpace);
  const auto next = space == url.npos ? url.npos : url.find_first_not_of(kSpace, space);
  if (next == url.npos || space == 0 || url.substr(0, space).find("://") == url.npos) return {};
  for (auto rest = url.substr(next); !rest.empty();) {
    const auto end = std::min(rest.find_first_of(kSpace), rest.size());
    if (rest.substr(0, end).find("://") == rest.npos) return {};
    rest.remove_prefix(std::min(rest.find_first_not_of(kSpace, end), rest.size()));
  }
  return url.substr(next);
}

}  // namespace

std::string masked_url(std::string_view url) {
  constexpr std::array<std::string_view, 9> kSchemes{
      "redis://",           "rediss://",        "redis+unix://",     "unix://",  "redis+sentinel://",
      "rediss+sentinel://", "redis+cluster://", "rediss+cluster://", "memory://"};
  constexpr std::array<std::string_view, 9> kShown{
      "prefix=", "shard=", "shards=", "only=", "db=", "tls_ca=", "tls_cert=", "tls_key=", "tls_server_name="};
  if (const auto more = next_url(url)) {
    return masked_url(url.substr(0, url.find_first_of(kSpace))) + ' ' + masked_url(*more);
  }
  if (std::ranges::none_of(kSchemes, [&](std::string_view scheme) { return url.starts_with(scheme); })) {
    return std::string{kMask};  // of what is not known no part is either
  }
  std::vector<bool> hidden(url.size(), false);
  const auto hide = [&](std::string_view part) {
    if (part.empty()) return;
    const auto begin = hidden.begin() + (part.data() - url.data());
    std::fill(begin, begin + static_cast<std::ptrdiff_t>(part.size()), true);
  };
  hide(by_place(url));
  for (const auto value : by_word(url)) hide(value);
  auto query = url.substr(std::min(url.find('?'), url.size()));
  while (!query.empty()) {
    query.remove_prefix(1);
    const auto parameter = query.substr(0, query.find('&'));
    const auto is_shown = [&](std::string_view name) { return parameter.starts_with(name); };
    if (std::ranges::none_of(kShown, is_shown)) hide(parameter);
    query.remove_prefix(parameter.size());
  }
  return masked_where(hidden, url);
}

}  // namespace aftercommit
