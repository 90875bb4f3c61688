#include "dashboard/users.hpp"

#include <crypt.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <memory>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/base64.hpp"
#include "base/text/text.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kLeastToken = 16;
constexpr std::size_t kLeastPassword = 8;
constexpr std::size_t kMostSecret = 512;
constexpr std::size_t kMostUsers = 1000;

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r";
  const auto begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace

Users::Users(const std::string& file, Kind kind) : file_{file}, kind_{kind} {
  std::ifstream in{file};
  if (!in)
    throw ConfigError{"cannot read " + in_one_line(file, 300) + ": name a file that this user may read"};
  struct ::stat status {};
  if (::stat(file.c_str(), &status) == 0 && (status.st_mode & S_IROTH) != 0) {
    warnings_.push_back("everybody on this machine may read " + in_one_line(file, 300) + ": chmod o-r it");
  }
  std::string line;
  for (int number = 1; std::getline(in, line); ++number) read_line(trimmed(line), number);
  if (in.bad()) throw ConfigError{"cannot read " + in_one_line(file, 300) + " to its end"};
  if (entries_.empty()) {
    throw ConfigError{in_one_line(file, 300) + " names nobody: write lines such as " +
                      (kind_ == Kind::kTokens ? "NAME:TOKEN" : "NAME:PASSWORD") + " into it"};
  }
}

void Users::read_line(std::string_view line, int number) {
  if (line.empty() || line.starts_with('#')) return;
  const auto refuse = [&](const std::string& why) {
    throw ConfigError{in_one_line(file_, 300) + ", line " + std::to_string(number) + ": " + why};
  };
  Entry entry;
  entry.user.name = "token";
  entry.secret = line;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) {
    if (kind_ == Kind::kPasswords) refuse("it is not NAME:PASSWORD");
  } else {
    entry.user.name = line.substr(0, colon);
    auto rest = line.substr(colon + 1);
    if (const auto second = rest.find(':'); second != std::string_view::npos) {
      if (rest.substr(second) != ":read") refuse("what follows the second colon can only be the word read");
      entry.user.may_change = false;
      rest = rest.substr(0, second);
    }
    entry.secret = rest;
  }
  if (!valid_name(entry.user.name)) refuse("the name is not 1 to 64 of a-z A-Z 0-9 _ . -");
  const auto least = kind_ == Kind::kTokens ? kLeastToken : kLeastPassword;
  if (entry.secret.size() < least || entry.secret.size() > kMostSecret) {
    refuse("the secret has to have " + std::to_string(least) + " to " + std::to_string(kMostSecret) +
           " characters; `openssl rand -hex 24` makes a good one");
  }
  if (kind_ == Kind::kPasswords && entry.secret.starts_with("$apr1$")) {
    refuse("the hash is of Apache's own kind: make it by htpasswd -B, or mkpasswd");
  }
  if (entries_.size() == kMostUsers) refuse("there are more than 1000 users");
  entries_.push_back(std::move(entry));
}

std::optional<User> Users::by_token(std::string_view token) const {
  std::optional<User> found;
  if (kind_ != Kind::kTokens || token.size() > kMostSecret) return found;
  for (const auto& entry : entries_) {
    if (equal_secrets(entry.secret, token)) found = entry.user;
  }
  return found;
}

std::optional<User> Users::by_password(std::string_view name, std::string_view password) const {
  if (kind_ != Kind::kPasswords || password.size() > kMostSecret) return {};
  bool is_there = false;
  for (const auto& entry : entries_) {
    if (entry.user.name != name) continue;
    if (verify(entry, password)) return entry.user;
    is_there = true;
  }
  if (is_there) return {};
  // Else the time would tell which names there are.
  const auto hashed =
      std::ranges::find_if(entries_, [](const Entry& entry) { return entry.secret.starts_with('$'); });
  if (hashed != entries_.end()) make_hash(*hashed, password);
  return {};
}

bool Users::verify(const Entry& entry, std::string_view password) const {
  if (!entry.secret.starts_with('$')) return equal_secrets(entry.secret, password);
  {
    const std::scoped_lock lock{mutex_};
    const auto known = known_.find(entry.user.name);
    if (known != known_.end() && equal_secrets(known->second, password)) return true;
  }
  const auto hash = make_hash(entry, password);
  if (hash.empty() || !equal_secrets(entry.secret, hash)) return false;
  const std::scoped_lock lock{mutex_};
  known_[entry.user.name] = password;
  return true;
}

std::string Users::make_hash(const Entry& entry, std::string_view password) {
  const auto room = std::make_unique<crypt_data>();
  const char* const hash = ::crypt_r(std::string{password}.c_str(), entry.secret.c_str(), room.get());
  return hash == nullptr ? std::string{} : std::string{hash};
}

bool equal_secrets(std::string_view secret, std::string_view given) noexcept {
  unsigned difference = secret.size() == given.size() ? 0 : 1;
  for (std::size_t i = 0; i < given.size(); ++i) {
    const char expected = secret.empty() ? '\0' : secret[i % secret.size()];
    difference |=
        static_cast<unsigned char>(expected) ^ static_cast<unsigned>(static_cast<unsigned char>(given[i]));
  }
  return difference == 0;
}

std::optional<std::pair<std::string, std::string>> parse_basic(std::string_view authorization) {
  constexpr std::string_view kScheme = "Basic ";
  if (!authorization.starts_with(kScheme)) return {};
  const auto text = from_base64(trimmed(authorization.substr(kScheme.size())));
  if (!text) return {};
  const auto colon = text->find(':');
  if (colon == std::string::npos || text->find('\0') != std::string::npos) return {};
  return std::pair{text->substr(0, colon), text->substr(colon + 1)};
}

}  // namespace aftercommit::dashboard
