/// Calls on dead jobs: looked at, retried and deleted, singly and all that a filter lets through.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "dashboard/api.hpp"
#include "dashboard/filters.hpp"
#include "operate/dead_change.hpp"
#include "operate/dead_list.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::DeadSelection;
using operate::Servers;

constexpr std::size_t kMostIds = 500;  // of one call

/// One of the two.
using Change = operate::DeadChange (*)(Servers& servers, const DeadSelection& selection,
                                       const operate::ChangeOptions& options);

std::vector<std::string> ids_of(const nlohmann::json& body) {
  std::vector<std::string> ids;
  const auto& list = body.at("ids");
  if (!list.is_array() || list.empty() || list.size() > kMostIds) {
    throw Refusal{400, "'ids' has to be an array of 1 to 500 ids; more are named by 'filter'"};
  }
  for (const auto& id : list) {
    if (!id.is_string()) throw Refusal{400, "'ids' has to be an array of texts"};
    ids.push_back(id.get<std::string>());
  }
  return ids;
}

/// A filter as an object, whose numbers may be numbers.
operate::JobFilter filter_in(const nlohmann::json& object, const Redaction& redaction) {
  return filter_of(
      [&](const char* name) -> std::string {
        const auto found = object.find(name);
        if (found == object.end() || found->is_null()) return {};
        if (found->is_number_integer()) return found->dump();
        return text_of(object, name);
      },
      redaction);
}

Json change_ids(Context& context, const Request& request, const char* what, Change change,
                std::vector<std::string> ids) {
  constexpr std::chrono::seconds kPatience{5};  // one that no job table has is looked for in all of Redis
  const DeadSelection selection{.ids = std::move(ids)};
  const auto queues = context.collector.queue_names();
  auto document = context.servers.use([&](Servers& servers) -> Json {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    return operate::in_json(
        change(servers, selection,
               {.goes_on = [&] { return std::chrono::steady_clock::now() < until; }, .queues = queues}));
  });
  std::string subject;
  for (const auto& id : selection.ids) subject.append(subject.empty() ? "" : " ").append(id);
  tell_of_change(request, what, subject, std::to_string(document["changed"].get<std::size_t>()) + " changed");
  context.collector.look_again();
  return {{"act", nullptr}, {"outcome", std::move(document)}};
}

/// Beside the request, since it may take long.
Json change_all(Context& context, const Request& request, const char* what, Change change,
                const nlohmann::json& body) {
  const auto& object = body.at("filter");
  if (!object.is_object()) throw Refusal{400, "'filter' has to be an object"};
  const auto of = body.find("of");
  if (of == body.end() || !of->is_number_unsigned()) {
    throw Refusal{400, "'of' has to be the number of jobs that was agreed to, as /api/dead/count gives it"};
  }
  const DeadSelection selection{.filter = filter_in(object, context.redaction)};
  const auto text = object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  auto asked = request;
  asked.body.clear();
  tell_of_change(request, what, text, "begun, about " + of->dump() + " jobs");
  const auto id = context.acts.begin(
      request.user.name, what, of->get<std::size_t>(),
      [selection, change](Servers& servers, const Acts::Progress& progress) {
        bool goes_on = true;
        const operate::ChangeOptions options{
            .progress = [&](const operate::ChangeProgress& so_far) { goes_on = progress(so_far.changed); },
            .goes_on = [&] { return goes_on; }};
        return operate::in_json(change(servers, selection, options));
      },
      [asked, what = std::string{what}, text, &context](const Json& state) {
        const auto& outcome = state["outcome"];
        tell_of_change(asked, what, text,
                       outcome.is_object() ? outcome["changed"].dump() + " changed" : state["error"].dump());
        context.looks.forget();
        context.collector.look_again();
      });
  return {{"act", id}, {"outcome", nullptr}};
}

Json change_dead(Context& context, const Request& request, const char* what, Change change) {
  const auto body = body_of(request);
  if (body.contains("ids") == body.contains("filter")) {
    throw Refusal{400, "say which: either 'ids', or 'filter', which may be empty for all"};
  }
  return body.contains("ids") ? change_ids(context, request, what, change, ids_of(body))
                              : change_all(context, request, what, change, body);
}

}  // namespace

Json get_dead(Context& context, const Request& request) {
  const auto filter = filter_of([&](const char* name) { return request.value(name); }, context.redaction);
  const auto bounds = page_bounds(context.collector.queue_names());
  return context.servers.use([&](Servers& servers) -> Json {
    return operate::in_json(
        operate::newest_dead(servers, filter, limit_of(request), request.value("after"), bounds));
  });
}

/// As many as are found within some seconds, as of now: those that die later are none of them.
Json get_dead_count(Context& context, const Request& request) {
  constexpr std::chrono::seconds kPatience{4};
  const auto now = std::chrono::system_clock::now();
  auto filter = filter_of([&](const char* name) { return request.value(name); }, context.redaction);
  filter.before = std::min(filter.before.value_or(now), now);
  const DeadSelection selection{.filter = filter};
  const auto queues = context.collector.queue_names();
  return context.servers.use([&](Servers& servers) -> Json {
    const auto until = std::chrono::steady_clock::now() + kPatience;
    const auto counted =
        operate::delete_dead(servers, selection,
                             {.rehearse = true,
                              .goes_on = [&] { return std::chrono::steady_clock::now() < until; },
                              .queues = queues});
    Json document{
        {"count", counted.changed},
        {"at_least", counted.interrupted || !counted.all_seen},
        {"before_ms", std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count()}};
    document.update(operate::in_json(counted.answers));
    return document;
  });
}

Json post_dead_retry(Context& context, const Request& request) {
  return change_dead(context, request, "dead retry", operate::retry_dead);
}

Json post_dead_delete(Context& context, const Request& request) {
  return change_dead(context, request, "dead delete", operate::delete_dead);
}

Json get_act(Context& context, const Request& request) {
  const auto& id = request.value("id");
  if (id.empty()) return {{"acts", context.acts.list()}};
  auto state = context.acts.state(id);
  if (state.is_null()) throw Refusal{404, "nothing of this id is at work, or was lately"};
  Json acts = Json::array();
  acts.push_back(std::move(state));
  return {{"acts", std::move(acts)}};
}

}  // namespace aftercommit::dashboard
