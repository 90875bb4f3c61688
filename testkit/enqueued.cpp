#include <algorithm>
#include <utility>
#include <variant>

#include "aftercommit/testing_enqueued.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "client/transaction/session.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {
namespace {

using std::chrono::milliseconds;

std::optional<milliseconds> due_in(const Outgoing& job, App& app) {
  if (job.countdown && *job.countdown > milliseconds{0}) return job.countdown;
  if (!job.eta) return std::nullopt;
  const auto left = std::chrono::ceil<milliseconds>(*job.eta - app.core().clock().now());
  return left > milliseconds{0} ? std::optional{left} : std::nullopt;
}

std::string in_words(const nlohmann::json& args) {
  return args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string in_words(const EnqueuedJob& job) {
  auto text = in_words(job.json);
  text += " in queue '" + job.queue + "'";
  if (job.due_in) text += ", due in " + std::to_string(job.due_in->count()) + " ms";
  if (job.attempt > 1) text += ", for attempt " + std::to_string(job.attempt);
  return text;
}

}  // namespace

std::optional<EnqueuedJob> described(std::string_view payload, std::size_t payload_limit,
                                     std::optional<milliseconds> due_in) {
  auto decoded = decode(payload, payload_limit);
  auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr) return std::nullopt;
  return EnqueuedJob{.id = job->id,
                     .task = std::move(job->task),
                     .json = std::move(job->args),
                     .queue = std::move(job->queue),
                     .attempt = job->counted_attempt(),
                     .due_in = due_in,
                     .priority = job->priority,
                     .headers = std::move(job->headers),
                     .durable = job->durable};
}

std::optional<EnqueuedJob> described(const aftercommit::detail::PendingJob& job, App& app) {
  return described(job.outgoing.payload, app.options().payload_limit, due_in(job.outgoing, app));
}

std::vector<EnqueuedJob> enqueued(App& app) {
  std::vector<EnqueuedJob> all;
  const auto add = [&](std::optional<EnqueuedJob> job) {
    if (job) all.push_back(*std::move(job));
  };
  for (const auto& job : Kit::of(app).broker().waiting())
    add(described(job.payload, app.options().payload_limit, job.due_in));
  for (const auto& [alias, database] : app.core().databases()) {
    const auto* const session = aftercommit::detail::Session::find(*database->core());
    if (session == nullptr) continue;
    for (const auto* const job : session->waiting().jobs_since({})) add(described(*job, app));
  }
  return all;
}

namespace detail {

std::vector<EnqueuedJob> enqueued(const aftercommit::detail::TaskEntry& task) {
  auto all = testing::enqueued(task.app);
  std::erase_if(all, [&](const auto& job) { return job.task != task.name; });
  return all;
}

Found find_enqueued(const aftercommit::detail::TaskEntry& task, const nlohmann::json& args) {
  const auto jobs = enqueued(task);
  const bool found =
      args.is_null() ? !jobs.empty() : std::ranges::find(jobs, args, &EnqueuedJob::json) != jobs.end();
  Found answer{.found = found, .text = found ? "a job of task '" : "no job of task '"};
  answer.text += task.name + "'";
  if (!args.is_null()) answer.text += " with the arguments " + in_words(args);
  answer.text += " is enqueued";
  constexpr std::size_t kTold = 10;
  for (std::size_t i = 0; i < std::min(jobs.size(), kTold); ++i)
    answer.text += (i == 0 ? "; of this task there is " : "; and ") + in_words(jobs[i]);
  if (jobs.size() > kTold) answer.text += "; and " + std::to_string(jobs.size() - kTold) + " more";
  return answer;
}

}  // namespace detail
}  // namespace aftercommit::testing
