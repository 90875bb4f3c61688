#include "dashboard/guard.hpp"

#include <algorithm>
#include <string>

#include "base/text/text.hpp"
#include "dashboard/addresses.hpp"

namespace aftercommit::dashboard {
namespace {

constexpr std::size_t kLongestPath = 1024;
constexpr std::string_view kBearer = "Bearer ";
constexpr std::string_view kBasic = "Basic ";

/// The name that a page was loaded under, by its Origin: "https://jobs.example.org:8443".
std::string_view without_scheme(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view{} : origin.substr(scheme + 3);
}

/// "host:port" with the port that goes without saying left out, as browsers and proxies do or do not.
std::string without_default_port(std::string_view host) {
  for (const std::string_view port : {":80", ":443"}) {
    if (host.ends_with(port)) host.remove_suffix(port.size());
  }
  return lower_case(host);
}

}  // namespace

std::optional<Refusal> Guard::look(const Request& request) const {
  const auto host = request.header("host");
  if (!is_our_name(host_of(host))) {
    return Refusal{421, "this dashboard does not go by the name '" + in_one_line(host, 100) +
                            "': ask for it by its address, or start it with --name " +
                            (host_of(host).empty() ? "NAME" : host_of(host))};
  }
  if (request.path.size() > kLongestPath) return Refusal{414, "the path is too long"};
  const auto site = request.header("sec-fetch-site");
  if (request.method == "GET" || request.method == "HEAD") {
    // No page of others gets an answer to read; nor may it have the servers asked.
    const bool of_others = site == "cross-site" || site == "same-site";
    if (!of_others || !request.path.starts_with("/api/")) return {};
    return Refusal{403, "the browser says that a page of another site asks for this"};
  }
  if (!request.is_post()) return Refusal{405, "only GET, HEAD and POST are of use here"};
  if (request.header(kChangeHeader).empty()) {
    return Refusal{403,
                   "a change needs the header X-Aftercommit, with any value: it tells pages of others apart"};
  }
  const auto origin = request.header("origin");
  if (!origin.empty() && without_default_port(without_scheme(origin)) != without_default_port(host)) {
    return Refusal{403, "a change has to come from a page of this dashboard, not from " +
                            in_one_line(origin, 200) +
                            "; a proxy in between has to hand on the header Host as it came"};
  }
  if (!site.empty() && site != "same-origin") {
    return Refusal{
        403, "a change has to come from a page of this dashboard: the browser says it is of another site"};
  }
  if (!request.header("content-type").starts_with("application/json")) {
    return Refusal{415, "a change is asked for with Content-Type: application/json"};
  }
  if (!request.header("content-encoding").empty())
    return Refusal{415, "bodies are taken as they are, not packed"};
  return {};
}

bool Guard::brings_secret(const Request& request) const {
  if (users_ == nullptr) return false;
  return request.header("authorization").starts_with(asks_for_passwords() ? kBasic : kBearer);
}

std::optional<User> Guard::who(const Request& request) const {
  if (users_ == nullptr) return User{.name = "somebody"};
  const auto given = request.header("authorization");
  if (asks_for_passwords()) {
    const auto pair = parse_basic(given);
    return pair ? users_->by_password(pair->first, pair->second) : std::nullopt;
  }
  if (given.starts_with(kBearer)) return users_->by_token(given.substr(kBearer.size()));
  const auto cookie = cookie_of(request.header("cookie"), kCookie);
  return cookie.empty() ? std::nullopt : sessions_.find(cookie);
}

bool Guard::is_open(const Request& request) const {
  if (users_ == nullptr) return true;
  if (asks_for_passwords()) return false;
  return !request.path.starts_with("/api/") || request.path == "/api/session";
}

bool Guard::is_our_name(std::string_view host) const {
  if (host.empty()) return false;
  return host == "localhost" || is_address(host) || host == settings_.host ||
         std::ranges::find(settings_.names, host) != settings_.names.end();
}

}  // namespace aftercommit::dashboard
