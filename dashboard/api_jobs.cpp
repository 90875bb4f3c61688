/// Calls on jobs that are not dead, on the story of any, and on the workers that run them.
#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/job_id.hpp"
#include "base/text/text.hpp"
#include "dashboard/api.hpp"
#include "dashboard/filters.hpp"
#include "operate/cancel.hpp"
#include "operate/dead_list.hpp"
#include "operate/job_list.hpp"
#include "operate/job_story.hpp"
#include "operate/workers.hpp"

namespace aftercommit::dashboard {
namespace {

using operate::Servers;

JobId job_id_of(const std::string& text) {
  const auto id = JobId::parse(text);
  if (!id) throw Refusal{400, "'id' has to be the id of a job, as 01890a5d-ac96-774b-bcce-b302099a8057"};
  return *id;
}

}  // namespace

Json get_jobs(Context& context, const Request& request) {
  const operate::JobsAsked asked{
      .filter = filter_of([&](const char* name) { return request.value(name); }, context.redaction),
      .limit = limit_of(request),
      .oldest_first = request.value("order") == "oldest",
      .after = request.value("after")};
  const auto bounds = page_bounds(context.collector.queue_names());
  return context.servers.use([&](Servers& servers) -> Json {
    return operate::in_json(operate::list_jobs(servers, asked, bounds), context.redaction.shows_args());
  });
}

Json get_job(Context& context, const Request& request) {
  const auto& id = request.value("id");
  const bool args = context.redaction.shows_args();
  const auto hint = hint_of(request);
  const auto bounds = page_bounds(context.collector.queue_names());
  if (operate::is_letter_handle(id)) {
    return context.servers.use([&](Servers& servers) -> Json {
      const auto [found, next] = operate::search_dead(servers, id, bounds, hint);
      if (!found.job && next.empty())
        throw Refusal{404, "no dead job that could be looked at has this handle"};
      Json document{{"id", id},
                    {"fate", operate::word(found.job ? operate::JobFate::kDead : operate::JobFate::kUnknown)},
                    {"place_unsure", !next.empty()},
                    {"next", operate::or_null(next)}};
      document["letter"] = found.job ? operate::in_full(*found.job) : Json(nullptr);
      document.update(operate::in_json(found.answers));
      return document;
    });
  }
  const auto job = job_id_of(id);
  return context.servers.use([&](Servers& servers) -> Json {
    const auto story = operate::find_story(servers, job, bounds, hint);
    auto document = operate::in_json(story, args);
    document["letter"] = story.dead ? operate::in_full(*story.dead) : Json(nullptr);
    return document;
  });
}

Json post_cancel(Context& context, const Request& request) {
  constexpr std::size_t kLongestNote = 500;
  const auto body = body_of(request);
  const auto job = job_id_of(text_of(body, "id"));
  auto note = clean_text(text_of(body, "note"), kLongestNote);
  const auto bounds = page_bounds(context.collector.queue_names());
  auto document = context.servers.use([&](Servers& servers) -> Json {
    const auto report = operate::cancel_jobs(servers, {job}, note, bounds);
    auto answer = operate::in_json(report);
    answer["meaning"] = operate::meaning(report.jobs.at(0));
    answer["is_cancelled"] = report.jobs.at(0).is_cancelled();
    return answer;
  });
  tell_of_change(request, "cancel", job.str(), document["meaning"].get<std::string>());
  return document;
}

Json get_workers(Context& context, const Request& request) {
  const auto& queue = request.value("queue");
  if (!queue.empty() && !valid_name(queue)) throw Refusal{400, "'queue' is not the name of a queue"};
  const auto queues = context.collector.queue_names();  // else Redis would be searched for them at each look
  return context.servers.use([&](Servers& servers) -> Json {
    auto list = queues ? operate::find_workers_of(servers, *queues) : operate::find_workers(servers);
    if (!queue.empty()) {
      std::erase_if(list.workers, [&](const auto& worker) {
        return std::ranges::find(worker.queues, queue) == worker.queues.end();
      });
    }
    return operate::in_json(list);
  });
}

}  // namespace aftercommit::dashboard
