#include "client/postgres/connection_url.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <array>
#include <exception>
#include <map>
#include <memory>
#include <new>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"
#include "client/postgres/error_text.hpp"

namespace aftercommit::detail {
namespace {

struct FreeSettings {
  void operator()(PQconninfoOption* settings) const noexcept { ::PQconninfoFree(settings); }
};
using Settings = std::unique_ptr<PQconninfoOption, FreeSettings>;

struct Finish {
  void operator()(PGconn* connection) const noexcept { ::PQfinish(connection); }
};

struct Reading {
  Settings settings;    // null: it cannot be read
  std::string trouble;  // why, in libpq's words, which quote the URL
};

Reading read(const std::string& url) {
  char* trouble = nullptr;
  Settings settings{::PQconninfoParse(url.c_str(), &trouble)};
  if (settings == nullptr && trouble == nullptr) throw std::bad_alloc{};
  Reading reading{.settings = std::move(settings), .trouble = trouble == nullptr ? "" : trouble};
  ::PQfreemem(trouble);
  return reading;
}

/// Those that have a value, decoded.
std::map<std::string, std::string> values_of(const Settings& settings) {
  std::map<std::string, std::string> values;
  for (const auto* option = settings.get(); option != nullptr && option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values.emplace(option->keyword, option->val);
  }
  return values;
}

/// What libpq would add to the URL's own settings: from its service, the environment, and defaults.  Only a
/// connection is told that, so one is asked for that cannot begin: libpq collects the settings first.
Settings filled_in(const std::map<std::string, std::string>& values) {
  const auto service = values.find("service");
  const std::array<const char*, 3> names{"channel_binding", "service", nullptr};
  const std::array<const char*, 3> given{"none of its values",
                                         service == values.end() ? "" : service->second.c_str(), nullptr};
  const std::unique_ptr<PGconn, Finish> never{::PQconnectStartParams(names.data(), given.data(), 0)};
  return Settings{::PQconninfo(never.get())};
}

struct Trouble {
  std::string_view begins;
  std::string_view means;
};

// What PQconninfoParse complains of, from libpq 13 on.
constexpr std::array kTroubles{
    Trouble{"missing \"=\" after",
            "is neither a URL that begins with postgresql:// or postgres://, nor of the form keyword=value"},
    Trouble{"invalid connection option",
            "has a keyword that libpq does not know, and does not begin with postgresql:// or postgres://"},
    Trouble{"unterminated quoted string", "has a value in quotes without an end"},
    Trouble{"invalid percent-encoded token",
            "has a '%' without two hexadecimal digits after it (a plain '%' is written %25)"},
    Trouble{"forbidden value %00", "has %00 in it, which no value may hold"},
    Trouble{"invalid URI query parameter", "has a parameter after its '?' that libpq does not know"},
    Trouble{"missing key/value separator", "has a parameter after its '?' that is not name=value"},
    Trouble{"extra key/value separator",
            "has a parameter after its '?' with a second '=' (which is written %3D in a value)"},
    Trouble{"end of string reached when looking for matching", "opens a bracket and does not close it"},
    Trouble{"IPv6 host address may not be empty", "has brackets without an address in them"},
    Trouble{"unexpected character", "has something else than ':' or '/' after an address in brackets"},
};

/// The hosts, or ports, of a list, which libpq names one by one.
void add_each(Secrets& secrets, std::string_view list) {
  while (!list.empty()) {
    const auto end = std::min(list.find(','), list.size());
    secrets.add(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

/// keyword='value' with what would end the value taken for itself.
void append(std::string& text, const std::string& keyword, std::string_view value) {
  if (!text.empty()) text += ' ';
  text.append(keyword).append("='");
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  text += '\'';
}

}  // namespace

std::string flaw_of_url(std::string_view url) {
  if (url.find('\0') != url.npos) return "has a NUL byte in it";
  if (begins_with_quote(url)) {
    return "begins with a quote: env files of some programs leave quotes in place; write it without them";
  }
  if (url.starts_with(' ') && url.find("://") != url.npos) return "begins with a space: take it out";
  const auto reading = read(std::string{url});
  if (reading.settings) return {};
  const auto known = std::ranges::find_if(
      kTroubles, [&](const Trouble& trouble) { return reading.trouble.starts_with(trouble.begins); });
  return std::string{known != kTroubles.end() ? known->means : "cannot be read by libpq"};
}

void check_url(const std::string& url, const std::string& alias) {
  const auto flaw = flaw_of_url(url);
  if (!flaw.empty()) throw ConfigError{"the URL of database '" + alias + "' " + flaw};
}

std::string connection_string(const DatabaseOptions& options) {
  const auto flaw = flaw_of_url(options.url);
  if (!flaw.empty()) throw ConfigError{"the URL of a database " + flaw};
  auto values = values_of(read(options.url).settings);
  const auto said = values_of(filled_in(values));
  const std::array<std::pair<const char*, std::string>, 5> wanted{{
      {"connect_timeout", std::to_string(options.connect_timeout.count())},
      {"keepalives_idle", "10"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", "25000"},
  }};
  for (const auto& [keyword, value] : wanted) {
    if (!said.contains(keyword)) values.try_emplace(keyword, value);
  }
  values["client_encoding"] = "UTF8";  // counts before what the environment, the role and the database say
  if (!options.application_name.empty()) values["application_name"] = options.application_name;
  std::string text;
  for (const auto& [keyword, value] : values) append(text, keyword, value);
  return text;
}

bool may_lead_to_a_standby(const std::string& url) {
  auto values = values_of(read(url).settings);
  values.merge(values_of(filled_in(values)));  // where the URL says nothing
  const auto names_several = [&](const char* keyword) {
    const auto value = values.find(keyword);
    return value != values.end() && value->second.find(',') != std::string::npos;
  };
  const auto wanted = values.find("target_session_attrs");
  const bool writes =
      wanted != values.end() && (wanted->second == "read-write" || wanted->second == "primary");
  return !writes && (names_several("host") || names_several("hostaddr"));
}

std::string shown_database_url(const std::string& url) {
  Secrets secrets{url};
  if (!flaw_of_url(url).empty() || secrets.in_any_part()) return "***";
  const auto values = values_of(read(url).settings);
  for (const char* keyword : {"password", "sslpassword"}) {
    if (const auto value = values.find(keyword); value != values.end()) secrets.add(value->second);
  }
  std::string text;
  for (const char* keyword : {"service", "host", "hostaddr", "port", "dbname", "user"}) {
    const auto value = values.find(keyword);
    if (value == values.end()) continue;
    if (!text.empty()) text += ' ';
    // Masked as it is: a secret with the end of a line in it, or cut off, would not be known again.
    text.append(keyword).append("=").append(in_one_line(secrets.masked(value->second), kNameLimit));
  }
  return text;
}

std::string why_unreachable(const std::exception& error, const std::string& url) {
  Secrets secrets{url};
  const auto reading = read(url);
  for (const auto& [keyword, value] : values_of(reading.settings)) {
    if (keyword == "password" || keyword == "sslpassword" || secrets.in_any_part()) secrets.add(value);
    if (secrets.in_any_part()) add_each(secrets, value);
  }
  // Masked as a whole: a password may hold the end of a line.
  auto reasons = reasons_of(secrets.masked(what_of(error)));
  if (secrets.in_any_part()) {
    reasons +=
        "; none of the URL is shown, for it can be read in more than one way: a user name or a "
        "password takes '/' as %2F, ':' as %3A and '@' as %40, and '@' stands between them and the host";
  }
  return reasons;
}

bool is_connection_keyword(const std::string& name) { return read(name + "=x").settings != nullptr; }

}  // namespace aftercommit::detail
