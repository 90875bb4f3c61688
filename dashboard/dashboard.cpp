#include "dashboard/dashboard.hpp"

#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"
#include "dashboard/addresses.hpp"
#include "dashboard/api.hpp"
#include "dashboard/bounded_server.hpp"
#include "dashboard/pages.hpp"

namespace aftercommit::dashboard {
namespace {

/// Of everything that is sent.  Scripts and styles come from files of ours alone, and no text becomes markup.
const httplib::Headers& safe_headers() {
  static const httplib::Headers headers{
      {"Content-Security-Policy",
       "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
       "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; "
       "trusted-types 'none'"},
      {"X-Content-Type-Options", "nosniff"},
      {"X-Frame-Options", "DENY"},
      {"Referrer-Policy", "same-origin"},
      {"Cross-Origin-Opener-Policy", "same-origin"},
      {"Cross-Origin-Resource-Policy", "same-origin"}};
  return headers;
}

std::unique_ptr<Users> users_of(const Settings& settings) {
  if (!settings.token_file.empty() && !settings.basic_auth_file.empty()) {
    throw UsageError{"--token-file and --basic-auth-file do not go together: take one of them"};
  }
  const bool secret = !settings.token_file.empty() || !settings.basic_auth_file.empty();
  if (!secret && !is_loopback(settings.host)) {
    throw UsageError{"others than programs of this machine can connect to " + settings.host +
                     ": give --token-file or --basic-auth-file as well, and put a proxy with TLS before it, "
                     "as nginx or Caddy "
                     "(docs/guide/dashboard.md shows how), since what is sent is not encrypted here"};
  }
  if (!settings.token_file.empty()) return std::make_unique<Users>(settings.token_file, Users::Kind::kTokens);
  if (!settings.basic_auth_file.empty()) {
    return std::make_unique<Users>(settings.basic_auth_file, Users::Kind::kPasswords);
  }
  return nullptr;
}

Request request_of(const httplib::Request& from, std::string path) {
  Request request{
      .method = from.method, .path = std::move(path), .from = from.remote_addr, .body = from.body};
  for (const auto& [name, value] : from.headers) {
    auto [header, is_first] = request.headers.emplace(lower_case(name), value);
    if (!is_first && header->first == kForwardedFor) header->second = value;
  }
  for (const auto& [name, value] : from.params) request.query.emplace(name, value);
  return request;
}

void send(const Answer& answer, httplib::Response& to) {
  to.status = answer.status;
  to.set_content(answer.body, answer.type);
  for (const auto& [name, value] : answer.headers) to.set_header(name, value);
  to.set_header("Cache-Control", "no-store");
}

}  // namespace

class Dashboard::Parts {
 public:
  Parts(Settings settings, operate::Connections connections);

  void run() { server_.serve(); }
  void stop() { server_.end(); }

  int port() const noexcept { return port_; }
  const Settings& settings() const noexcept { return settings_; }
  const std::vector<std::string>& warnings() const noexcept { return warnings_; }

 private:
  bool handle_before_body(const httplib::Request& from, httplib::Response& to);
  void handle_post(const httplib::Request& from, httplib::Response& to);
  std::optional<std::string> path_of(const httplib::Request& from) const;
  std::optional<Answer> refusal_before_call(Request& request);
  static void send_page(const Request& request, httplib::Response& to);

  const Settings settings_;
  const Redaction redaction_;
  const std::unique_ptr<Users> users_;  // null: everybody
  std::vector<std::string> warnings_;
  Sessions sessions_;
  Guesses guesses_;
  const Guard guard_{settings_, users_.get(), sessions_};
  ServersPool servers_;
  Collector collector_;
  SharedLooks looks_;
  Context context_;  // outlives the acts, which use it to their end
  Acts acts_;
  int port_ = 0;
  BoundedServer server_{HttpBounds{}};  // last
};

Dashboard::Parts::Parts(Settings settings, operate::Connections connections)
    : settings_{std::move(settings)},
      redaction_{settings_.show_args, settings_.redact},
      users_{users_of(settings_)},
      servers_{connections},
      collector_{connections, settings_.metrics},
      context_{.settings = settings_,
               .users = users_.get(),
               .sessions = sessions_,
               .guesses = guesses_,
               .guard = guard_,
               .redaction = redaction_,
               .servers = servers_,
               .collector = collector_,
               .acts = acts_,
               .looks = looks_},
      acts_{connections} {
  if (users_) warnings_ = users_->warnings();
  if (!is_loopback(settings_.host)) {
    warnings_.push_back(
        "what is sent is not encrypted here: put a proxy with TLS before it (docs/guide/dashboard.md)");
  }
  server_.set_default_headers(safe_headers());
  server_.set_pre_routing_handler([this](const httplib::Request& from, httplib::Response& to) {
    return handle_before_body(from, to) ? httplib::Server::HandlerResponse::Handled
                                        : httplib::Server::HandlerResponse::Unhandled;
  });
  server_.Post(".*", [this](const httplib::Request& from, httplib::Response& to) { handle_post(from, to); });
  server_.set_exception_handler([](const httplib::Request&, httplib::Response& to, std::exception_ptr) {
    send(refuse({500, "the dashboard could not answer this"}), to);  // the library would send what was thrown
  });
  server_.set_error_handler([](const httplib::Request&, httplib::Response& to) {
    if (!to.body.empty()) return;
    send(refuse({to.status,
                 to.status == 413 ? "the body is too large" : "this is no request that can be answered"}),
         to);
  });
  port_ = settings_.port;
  if (port_ == 0) {
    port_ = server_.bind_to_any_port(settings_.host);
  } else if (!server_.bind_to_port(settings_.host, port_)) {
    port_ = -1;
  }
  if (port_ < 0) {
    throw ConfigError{"cannot listen on " + settings_.host + ":" + std::to_string(settings_.port) +
                      ": another program may be there already, or the address is none of this machine"};
  }
}

/// The path below the prefix; nothing: it is not below it.
std::optional<std::string> Dashboard::Parts::path_of(const httplib::Request& from) const {
  const auto& prefix = settings_.prefix;
  if (!from.path.starts_with(prefix)) return {};
  auto path = from.path.substr(prefix.size());
  if (path.empty() || path.front() != '/') return {};
  return path;
}

/// What ends a request before its call; else the request knows its user.
std::optional<Answer> Dashboard::Parts::refusal_before_call(Request& request) {
  if (const auto refusal = guard_.look(request)) return refuse(*refusal);
  const bool brings_secret = guard_.brings_secret(request);
  if (brings_secret) {
    if (const auto wait = guesses_.wait(request)) return refuse_guess(*wait);
  }
  if (const auto user = guard_.who(request)) {
    request.user = *user;
    return {};
  }
  if (brings_secret) guesses_.wrong(request);
  if (guard_.is_open(request)) return {};
  auto answer =
      refuse({401, guard_.asks_for_passwords() ? "a name and a password are asked for here"
                                               : "a token is asked for here: Authorization: Bearer TOKEN"});
  answer.headers.emplace_back("WWW-Authenticate", guard_.asks_for_passwords()
                                                      ? "Basic realm=\"aftercommit\", charset=\"UTF-8\""
                                                      : "Bearer realm=\"aftercommit\"");
  return answer;
}

/// Whatever can be said without the body; false: that is to be read.
bool Dashboard::Parts::handle_before_body(const httplib::Request& from, httplib::Response& to) {
  auto path = path_of(from);
  if (!path) {
    if (!settings_.prefix.empty() && from.path == settings_.prefix) {
      auto answer = json_answer(Json::object(), 308);
      answer.headers.emplace_back("Location", settings_.prefix + "/");
      send(answer, to);
    } else {
      send(refuse({404, "there is nothing of that name"}), to);
    }
    return true;
  }
  auto request = request_of(from, std::move(*path));
  if (const auto refusal = refusal_before_call(request)) {
    send(*refusal, to);
    return true;
  }
  if (request.is_post()) return false;
  if (request.path.starts_with("/api/")) {
    send(answer_call(context_, request), to);
  } else {
    send_page(request, to);
  }
  return true;
}

void Dashboard::Parts::handle_post(const httplib::Request& from, httplib::Response& to) {
  auto path = path_of(from);
  if (!path) return send(refuse({404, "there is nothing of that name"}), to);
  auto request = request_of(from, std::move(*path));
  if (const auto refusal = refusal_before_call(request)) return send(*refusal, to);
  send(answer_call(context_, request), to);
}

void Dashboard::Parts::send_page(const Request& request, httplib::Response& to) {
  const auto* const page = find_page(request.path);
  if (page == nullptr) return send(refuse({404, "there is nothing of that name"}), to);
  to.set_header("ETag", page->etag);
  to.set_header("Cache-Control", "no-cache");  // asks each time whether it is still the same
  if (request.header("if-none-match") == page->etag) {
    to.status = 304;
    return;
  }
  to.status = 200;
  to.set_content(page->text.data(), page->text.size(), std::string{page->type});
}

Dashboard::Dashboard(Settings settings, operate::Connections connections)
    : parts_{std::make_unique<Parts>(std::move(settings), std::move(connections))} {}

Dashboard::~Dashboard() = default;

int Dashboard::port() const noexcept { return parts_->port(); }

std::string Dashboard::url() const {
  const auto& settings = parts_->settings();
  const bool v6 = settings.host.find(':') != std::string::npos;
  return "http://" + (v6 ? "[" + settings.host + "]" : settings.host) + ":" + std::to_string(port()) +
         settings.prefix + "/";
}

const std::vector<std::string>& Dashboard::warnings() const noexcept { return parts_->warnings(); }

void Dashboard::run() { parts_->run(); }

void Dashboard::stop() { parts_->stop(); }

}  // namespace aftercommit::dashboard
