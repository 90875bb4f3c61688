#include "worker/celery/celery_bridge.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <iterator>
#include <map>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"
#include "base/process/fail_point.hpp"
#include "client/app/app_core.hpp"
#include "client/job_table/received_jobs.hpp"
#include "client/postgres/error_text.hpp"
#include "client/postgres/pqxx_compat.hpp"
#include "worker/celery/celery_message.hpp"
#include "worker/roles/role_counts.hpp"

namespace aftercommit::worker {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMessagesAtOnce = 100;  // in one transaction
constexpr milliseconds kWaitForMessages{
    250};  // those of other priorities than the usual one are looked for as often

/// Whether the database has refused what it was given, and would do so again.
bool is_about_content(const std::exception& error) {
  const auto state = detail::sqlstate_of(error);
  constexpr std::array kOfContent{"22", "23", "44", "54", "P0"};  // the last by a trigger
  return std::ranges::any_of(kOfContent, [&](const char* of) { return state.starts_with(of); });
}

/// What neither the message nor its list says, as the task is declared; and the database, whose job it
/// becomes.
Database& complete(Envelope& job, detail::AppCore& app) {
  const auto* const task = app.find_task(job.task);
  if (task == nullptr) return app.default_database();  // perhaps a later deploy knows it
  const auto& options = task->options;
  if (job.priority == Priority::kNormal) job.priority = options.priority;
  if (!job.expires_at && options.expires) {
    constexpr milliseconds kLongest = std::chrono::years{100};
    job.expires_at = job.enqueued_at + std::clamp(*options.expires, milliseconds{0}, kLongest);
  }
  auto& database = app.database_or_default(options.database);
  job.database = database.alias();
  return database;
}

}  // namespace

/// What some messages are to be, by the database that has to hold it.
struct CeleryBridge::Made {
  struct InOne {
    std::vector<detail::ReceivedJob> jobs{};
    std::vector<detail::ReceivedLetter> letters{};
  };
  std::map<Database*, InOne> in{};
};

CeleryBridge::CeleryBridge(std::unique_ptr<CeleryQueue> messages, App& app, Queue queue, WorkerId worker,
                           Home& home, milliseconds patience)
    : messages_{std::move(messages)},
      app_{app},
      queue_{std::move(queue)},
      worker_{std::move(worker)},
      home_{home},
      patience_{patience},
      thread_{{"taking Celery's messages", "Celery's broker or the database"},
              [this](const std::stop_token& stop) { return step(stop); }} {}

/// How long to wait until the next one.
milliseconds CeleryBridge::step(const std::stop_token& stop) {
  home_.wait_until_right(stop);  // a queue of another database takes none of our jobs
  if (stop.stop_requested()) return milliseconds{0};
  if (!std::exchange(settled_, false) || Clock::now() >= look_at_) look_for_left_behind(stop);
  const auto taken = messages_->take(kMessagesAtOnce);
  if (taken.too_large > 0) {
    log(LogLevel::kError,
        "messages of Celery's are too large to be read; they are kept in a list of their own",
        {{"celery_queue", queue_},
         {"messages", taken.too_large},
         {"limit_bytes", CeleryQueue::kLargest},
         {"key", messages_->too_large()}});
    role_counts().celery_refused.add(taken.too_large);
  }
  if (!taken.messages.empty()) {
    fail_point("celery.after_take");
    hand_over(taken.messages);
  }
  settled_ = true;
  if (taken.messages.empty()) messages_->await(kWaitForMessages);
  return milliseconds{0};
}

/// At first, and after a failure of our own, all that is taken: some of it may be at hand elsewhere, which
/// does no harm. Else what was there at the last look as well.
void CeleryBridge::look_for_left_behind(const std::stop_token& stop) {
  const bool all = Clock::now() < look_at_ || look_at_ == Clock::time_point{};
  for (bool more = true; more;) {
    auto taken = messages_->taken(kMessagesAtOnce);
    std::vector<std::string> left;
    std::ranges::copy_if(taken, std::back_inserter(left),
                         [&](const auto& message) { return all || seen_taken_.contains(message); });
    more = !left.empty() && left.size() == taken.size() && !stop.stop_requested();
    seen_taken_ = {std::make_move_iterator(taken.begin()), std::make_move_iterator(taken.end())};
    if (left.empty()) break;
    log(LogLevel::kInfo, "messages of Celery's were taken and not forgotten; making sure of their jobs",
        {{"celery_queue", queue_}, {"messages", left.size()}});
    hand_over(left);
  }
  look_at_ = Clock::now() + patience_;
}

/// To the databases, and then forgets them.  One that a database refuses keeps none of the others.
void CeleryBridge::hand_over(std::span<const std::string> messages) {
  try {
    enter(make(messages));
  } catch (const std::exception& error) {
    if (!is_about_content(error)) throw;
    if (messages.size() > 1) {
      for (std::size_t i = 0; i < messages.size(); ++i) hand_over(messages.subspan(i, 1));
      return;
    }
    enter(refuse(messages[0], "the database refuses it: " + detail::first_line(error)));
  }
  messages_->forget(messages);
  fail_point("celery.after_forget");
}

CeleryBridge::Made CeleryBridge::make(std::span<const std::string> messages) const {
  auto& core = app_.core();
  Made made;
  for (const auto& message : messages) {
    auto read = read_celery_message(message, queue_, core.options().payload_limit, core.clock().now());
    if (auto* const asked = std::get_if<CeleryJob>(&read)) {
      auto& database = complete(asked->job, core);
      made.in[&database].jobs.push_back({.job = std::move(asked->job), .due_at = asked->eta});
    } else {
      made.in[&core.default_database()].letters.push_back(letter_of(message, std::get<CeleryRefusal>(read)));
    }
  }
  return made;
}

/// Though it can be read.
CeleryBridge::Made CeleryBridge::refuse(const std::string& message, const std::string& reason) const {
  auto& core = app_.core();
  auto read = read_celery_message(message, queue_, core.options().payload_limit, core.clock().now());
  Made made;
  Database* database = &core.default_database();
  CeleryRefusal refusal{.reason = reason};
  if (auto* const asked = std::get_if<CeleryJob>(&read)) {
    database = &complete(asked->job, core);
    refusal.id = asked->job.id;
    refusal.task = asked->job.task;
  }
  made.in[database].letters.push_back(letter_of(message, refusal));
  return made;
}

detail::ReceivedLetter CeleryBridge::letter_of(const std::string& message,
                                               const CeleryRefusal& refusal) const {
  const auto of_task = refusal.task.empty() ? "" : " for task '" + refusal.task + "'";
  return {.id = refusal.id,
          .queue = queue_,
          .letter = {.cause = DeadLetter::Cause::kMalformed,
                     .reason = "a message of Celery's" + of_task + " is no job here: " + refusal.reason,
                     .worker = worker_,
                     .at = std::chrono::floor<milliseconds>(app_.core().clock().now()),
                     .entry = "celery:" + queue_,
                     .raw = message}};
}

void CeleryBridge::enter(const Made& made) const {
  auto& counts = role_counts();
  for (const auto& [database, received] : made.in) {
    const auto entered = detail::receive(*database, received.jobs, received.letters);
    const auto repeated = received.jobs.size() + received.letters.size() - entered.jobs - entered.letters;
    counts.celery_jobs.add(entered.jobs);
    counts.celery_refused.add(entered.letters);
    counts.celery_repeated.add(repeated);
    log(LogLevel::kDebug, "made jobs of Celery's messages",
        {{"celery_queue", queue_},
         {"jobs", entered.jobs},
         {"refused", entered.letters},
         {"repeated", repeated}});
    if (entered.letters == 0) continue;  // told before
    for (const auto& [id, queue, letter] : received.letters) {
      log(LogLevel::kWarning, "a message of Celery's is kept as a dead letter",
          {{"celery_queue", queue}, {"job", id ? id->str() : "none"}, {"reason", letter.reason}});
    }
  }
}

}  // namespace aftercommit::worker
