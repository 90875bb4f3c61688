/// Calls on queues, limits, periodic tasks, and on all of it together.
#include <charconv>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "base/text/text.hpp"
#include "dashboard/api.hpp"
#include "operate/limits.hpp"
#include "operate/pauses.hpp"
#include "operate/periodic.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::PeriodicTask;
using operate::Servers;

std::string queue_of(const Request& request) {
  auto queue = text_of(body_of(request), "queue");
  if (!valid_name(queue))
    throw Refusal{400, "'queue' has to be the name of a queue: 1 to 64 of a-z A-Z 0-9 _ . -"};
  return queue;
}

Json in_json(const std::vector<std::string>& texts) {
  Json list = Json::array();
  for (const auto& text : texts) list.push_back(text);
  return list;
}

Json change_pause(Context& context, const Request& request, bool paused) {
  const auto queue = queue_of(request);
  auto document = context.servers.use([&](Servers& servers) -> Json {
    const auto done = paused ? operate::pause(servers, queue) : operate::resume(servers, queue);
    return {{"changed", done.changed}, {"places", in_json(done.places)}};
  });
  tell_of_change(request, paused ? "pause" : "resume", queue,
                 document["changed"] == true ? "done" : "was so before");
  context.collector.look_again();
  return document;
}

/// Does something to the periodic task that the body names by "name", "app" and "database".
Json change_periodic(Context& context, const Request& request, const char* what,
                     Json (*act)(const PeriodicTask& task)) {
  const auto body = body_of(request);
  const auto name = text_of(body, "name");
  const auto app = text_of(body, "app");
  const auto database = text_of(body, "database");
  auto document = context.servers.use([&](Servers& servers) -> Json {
    for (const auto& task : operate::periodic_tasks(servers)) {
      if (task.row.declared.name == name && task.row.app == app && task.alias == database) return act(task);
    }
    throw Refusal{404, "there is no such periodic task any more"};
  });
  tell_of_change(request, what, app + " " + name, document["changed"] == true ? "done" : "was so before");
  return document;
}

}  // namespace

Json get_overview(Context& context, const Request& request) {
  std::int64_t since_ms = 0;
  const auto& since = request.value("since");
  const auto [end, error] = std::from_chars(since.data(), since.data() + since.size(), since_ms);
  constexpr std::int64_t kMostMs = 4'000'000'000'000;
  if (!since.empty() &&
      (error != std::errc{} || end != since.data() + since.size() || since_ms < 0 || since_ms > kMostMs)) {
    throw Refusal{400, "'since' has to be a time in ms since 1970"};
  }
  return context.collector.overview(History::Time{std::chrono::milliseconds{since_ms}});
}

Json get_queues(Context& context, const Request&) { return context.collector.queues(); }

Json post_pause(Context& context, const Request& request) { return change_pause(context, request, true); }
Json post_resume(Context& context, const Request& request) { return change_pause(context, request, false); }

Json get_limits(Context& context, const Request&) {
  return context.servers.use(
      [](Servers& servers) -> Json { return operate::in_json(operate::limits(servers)); });
}

Json post_limit(Context& context, const Request& request) {
  const auto body = body_of(request);
  const auto name = text_of(body, "name");
  std::optional<int> most;
  const auto given = body.find("most");
  if (given != body.end() && !given->is_null()) {
    constexpr int kMost = 10'000;
    if (!given->is_number_integer() || *given < 0 || *given > kMost) {
      throw Refusal{400, "'most' has to be a whole number from 0 to 10000, or null for what is declared"};
    }
    most = given->get<int>();
  }
  auto document = context.servers.use([&](Servers& servers) -> Json {
    const auto done = operate::change_limit(servers, name, most);
    return {{"changed", done.changed}, {"places", in_json(done.places)}};
  });
  tell_of_change(request, "limit", name, most ? std::to_string(*most) : "as declared");
  return document;
}

Json get_periodic(Context& context, const Request&) {
  return context.servers.use(
      [](Servers& servers) -> Json { return operate::in_json(operate::periodic_tasks(servers)); });
}

Json post_periodic_pause(Context& context, const Request& request) {
  return change_periodic(context, request, "periodic pause", [](const PeriodicTask& task) -> Json {
    return {{"changed", operate::pause_periodic(task, true)}};
  });
}

Json post_periodic_resume(Context& context, const Request& request) {
  return change_periodic(context, request, "periodic resume", [](const PeriodicTask& task) -> Json {
    return {{"changed", operate::pause_periodic(task, false)}};
  });
}

Json post_periodic_run(Context& context, const Request& request) {
  return change_periodic(context, request, "periodic run", [](const PeriodicTask& task) -> Json {
    constexpr std::chrono::milliseconds kPatience{1500};
    const auto job = operate::run_periodic(task, kPatience);
    return {{"changed", true}, {"job", job ? Json(job->str()) : Json(nullptr)}};
  });
}

Json post_periodic_forget(Context& context, const Request& request) {
  return change_periodic(context, request, "periodic forget", [](const PeriodicTask& task) -> Json {
    if (!operate::forget_periodic(task)) {
      throw Refusal{
          409, "a worker that declares it has lived within the last minute: take it out of the code first"};
    }
    return {{"changed", true}};
  });
}

Json get_audit(Context& context, const Request&) { return context.collector.audit().in_json(); }

Json post_audit(Context& context, const Request& request) {
  if (!context.collector.audit().ask()) {
    throw Refusal{
        409,
        "there are too many jobs for a look from here: run `aftercommit audit`, which takes some minutes"};
  }
  tell_of_change(request, "audit", "", "begun");
  return context.collector.audit().in_json();
}

}  // namespace aftercommit::dashboard
