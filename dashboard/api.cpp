#include "dashboard/api.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <string>
#include <utility>

#include "aftercommit/log.hpp"
#include "base/text/secrets.hpp"
#include "base/text/text.hpp"

namespace aftercommit::dashboard {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNobodys{0};
constexpr milliseconds kMoment{1500};
constexpr milliseconds kWhile{4000};

constexpr auto kRoutes = std::to_array<Route>({
    {"GET", "/api/about", false, kNobodys, about},
    {"GET", "/api/overview", false, kNobodys, get_overview},
    {"GET", "/api/queues", false, kNobodys, get_queues},
    {"POST", "/api/queues/pause", true, kNobodys, post_pause},
    {"POST", "/api/queues/resume", true, kNobodys, post_resume},
    {"GET", "/api/jobs", false, kMoment, get_jobs},
    {"GET", "/api/job", false, kMoment, get_job},
    {"POST", "/api/jobs/cancel", true, kNobodys, post_cancel},
    {"GET", "/api/flow", false, kMoment, get_flow},
    {"POST", "/api/flows/signal", true, kNobodys, post_signal},
    {"GET", "/api/dead", false, kMoment, get_dead},
    {"GET", "/api/dead/count", false, kMoment, get_dead_count},
    {"POST", "/api/dead/retry", true, kNobodys, post_dead_retry},
    {"POST", "/api/dead/delete", true, kNobodys, post_dead_delete},
    {"GET", "/api/act", false, kNobodys, get_act},
    {"GET", "/api/periodic", false, kWhile, get_periodic},
    {"POST", "/api/periodic/pause", true, kNobodys, post_periodic_pause},
    {"POST", "/api/periodic/resume", true, kNobodys, post_periodic_resume},
    {"POST", "/api/periodic/run", true, kNobodys, post_periodic_run},
    {"POST", "/api/periodic/forget", true, kNobodys, post_periodic_forget},
    {"GET", "/api/workers", false, kWhile, get_workers},
    {"GET", "/api/limits", false, kWhile, get_limits},
    {"POST", "/api/limits/set", true, kNobodys, post_limit},
    {"GET", "/api/audit", false, kNobodys, get_audit},
    {"POST", "/api/audit", false, kNobodys, post_audit},
});

/// Signing in and out, whose answers are more than JSON.
Answer begin_session(Context& context, const Request& request) {
  if (context.users == nullptr || context.guard.asks_for_passwords()) {
    throw Refusal{400, "this dashboard asks for no token"};
  }
  if (const auto wait = context.guesses.wait(request)) return refuse_guess(*wait);
  const auto user = context.users->by_token(text_of(body_of(request), "token"));
  if (!user) {
    context.guesses.wrong(request);
    throw Refusal{401, "no such token"};
  }
  auto answer = json_answer({{"user", user->name}, {"may_change", user->may_change}});
  // Without a path it goes to .../api alone, under whatever prefix a proxy has.
  std::string cookie{kCookie};
  cookie.append("=")
      .append(context.sessions.begin(*user))
      .append("; HttpOnly; SameSite=Strict; Max-Age=43200");
  if (request.header("x-forwarded-proto") == "https") cookie += "; Secure";
  answer.headers.emplace_back("Set-Cookie", std::move(cookie));
  return answer;
}

Answer end_session(Context& context, const Request& request) {
  context.sessions.end(cookie_of(request.header("cookie"), kCookie));
  auto answer = json_answer({{"user", nullptr}, {"may_change", false}});
  answer.headers.emplace_back("Set-Cookie", std::string{kCookie} + "=; HttpOnly; SameSite=Strict; Max-Age=0");
  return answer;
}

/// All that is asked for but who asks, who may see the same as anybody.
std::string question(const Request& request) {
  auto text = request.path;
  for (const auto& [name, value] : request.query) text.append("\n").append(name).append("=").append(value);
  return text;
}

Json look_or_change(Context& context, const Request& request, const Route& route) {
  if (route.good_for > kNobodys) {
    if (const auto trouble = context.collector.trouble()) throw *trouble;  // nobody has to find out anew
    return context.looks.get(question(request), route.good_for,
                             [&] { return route.handle(context, request); });
  }
  try {
    auto document = route.handle(context, request);
    if (route.changes) context.looks.forget();
    return document;
  } catch (const Refusal& refusal) {
    if (route.changes) {  // a part of it may have been done
      context.looks.forget();
      tell_of_change(request, route.path, request.body, "refused or broken off: " + refusal.sentence);
    }
    throw;
  }
}

Answer answer_or_throw(Context& context, const Request& request) {
  const auto& method = request.method == "HEAD" ? std::string{"GET"} : request.method;
  if (request.path == "/api/session" && request.is_post()) return begin_session(context, request);
  if (request.path == "/api/session/end" && request.is_post()) return end_session(context, request);
  bool other_method = false;
  for (const auto& route : kRoutes) {
    if (route.path != request.path) continue;
    other_method = true;
    if (route.method != method) continue;
    if (route.changes && context.settings.read_only) {
      throw Refusal{403, "this dashboard only shows: it was started with --read-only"};
    }
    if (route.changes && !request.user.may_change) {
      throw Refusal{403, "'" + request.user.name + "' may look, and change nothing"};
    }
    auto document = look_or_change(context, request, route);
    context.redaction.apply(document);
    return json_answer(document);
  }
  if (other_method) throw Refusal{405, "that is asked for by another method"};
  throw Refusal{404, "there is nothing of that name"};
}

}  // namespace

std::span<const Route> routes() { return kRoutes; }

Answer answer_call(Context& context, const Request& request) {
  try {
    return answer_or_throw(context, request);
  } catch (const Refusal& refusal) {
    return refuse(refusal);
  } catch (const std::exception& error) {
    return refuse(refusal_of(error));
  }
}

Answer refuse_guess(std::chrono::seconds wait) {
  return refuse({429, "too many wrong tokens or passwords came from here: try again in " +
                          std::to_string(wait.count()) + " s"},
                wait);
}

void tell_of_change(const Request& request, std::string_view what, const std::string& subject,
                    const std::string& outcome) {
  log(LogLevel::kInfo, "changed by the dashboard",
      {{"who", request.user.name},
       {"from", request.from},
       {"what", what},
       {"subject", in_one_line(subject, 300)},
       {"outcome", in_one_line(outcome, 300)}});
}

Json about(Context& context, const Request& request) {
  Json databases = Json::array();
  for (const auto& alias : context.servers.aliases()) databases.push_back(alias);
  const auto& settings = context.settings;
  return {{"version", settings.version},
          {"user", context.users == nullptr ? Json(nullptr) : Json(request.user.name)},
          {"may_change", !settings.read_only && request.user.may_change},
          {"read_only", settings.read_only},
          {"signs_in_by", context.users == nullptr             ? Json(nullptr)
                          : context.guard.asks_for_passwords() ? Json("password")
                                                               : Json("token")},
          {"shows_args", context.redaction.shows_args()},
          {"searches_args", context.redaction.shows_args()},
          {"redis", masked_url(context.servers.redis_url())},
          {"databases", std::move(databases)}};
}

}  // namespace aftercommit::dashboard
