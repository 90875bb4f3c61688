#include "worker/events/log_listener.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "aftercommit/log.hpp"
#include "worker/log/log_text.hpp"

namespace aftercommit::worker {
namespace {

using std::string_view;

std::string text_of(const Reason& reason) {
  static const auto kNoArguments = nlohmann::json::array();
  return for_log(reason.text, reason.args != nullptr ? *reason.args : kNoArguments);
}

std::string id_of(const JobName& job) { return job.id != nullptr ? job.id->str() : "unknown"; }

std::string_view or_none(std::string_view exception) { return exception.empty() ? "none" : exception; }

/// To a tenth.
double milliseconds_since(std::chrono::steady_clock::time_point start) {
  const auto elapsed = std::chrono::steady_clock::now() - start;
  const auto micros = std::chrono::duration_cast<std::chrono::microseconds>(elapsed).count();
  return static_cast<double>((micros + 50) / 100) / 10;
}

template <class Value>
LogValue value_of(const Value& value) {
  return LogValue{value};
}
LogValue value_of(const Reason& reason) { return text_of(reason); }

/// A field that is not made yet.
template <class Value>
std::pair<string_view, const Value&> with(string_view name, const Value& value) {
  return {name, value};
}

/// One line about a job: each begins with its name.
template <class... Values>
void line(LogLevel level, string_view message, const JobName& job,
          const std::pair<string_view, const Values&>&... fields) {
  if (!logs(level)) return;
  log(level, message,
      {{"job_id", id_of(job)},
       {"task", job.task},
       LogEvent::Field{fields.first, value_of(fields.second)}...});
}

// --- A job runs.

void say(const JobStarted& event) {
  line(LogLevel::kDebug, "job started", event.job, with("attempt", event.attempt));
}

void say(const JobDone& event) {
  if (!logs(LogLevel::kInfo)) return;  // nor is the time looked at
  line(LogLevel::kInfo, "job done", event.job, with("queue", event.queue), with("attempt", event.attempt),
       with("ms", milliseconds_since(event.started)));
}

void say(const JobRerun& event) {
  line(LogLevel::kDebug, "transaction conflict; running the job again at once", event.job);
}

void say(const BatchFailed& event) {
  line(event.unavailable ? LogLevel::kDebug : LogLevel::kWarning,
       "a batch failed, which uses up no retry: its jobs run one by one", event.job,
       with("queue", event.queue), with("jobs", event.jobs), with("exception", or_none(event.exception)),
       with("error", event.reason));
}

void say(const JobTroubleAfterCommit& event) {
  line(LogLevel::kError, "after the commit of a job: " + text_of(event.reason), event.job);
}

// --- A job does not end with this attempt.

void say(const JobRetried& event) {
  line(LogLevel::kWarning, "job failed, and will be retried", event.job, with("queue", event.queue),
       with("attempt", event.attempt), with("countdown_ms", event.countdown.count()),
       with("exception", or_none(event.exception)), with("error", event.reason));
}

void say(const JobSnoozed& event) {
  line(LogLevel::kInfo, "job snoozed by its task, which uses up no retry", event.job,
       with("queue", event.queue), with("attempt", event.attempt),
       with("countdown_ms", event.countdown.count()), with("reason", event.reason));
}

void say(const JobPutOff& event) {
  using Why = JobPutOff::Why;
  switch (event.why) {
    case Why::kLocked:
      line(LogLevel::kInfo, "job put off: another transaction has it right now", event.job);
      break;
    case Why::kDatabaseAway:
      line(LogLevel::kDebug, "job put off: its database does not serve, which uses up no retry", event.job,
           with("error", event.reason));
      break;
    case Why::kCutShort:
      line(
          LogLevel::kWarning,
          "job put off: its run was cut short by a database, which uses up no retry while such runs are left",
          event.job, with("runs_left", event.runs_left), with("error", event.reason));
      break;
    case Why::kRowNotWritten:
      line(LogLevel::kWarning, "job put off: its row could not be written, which uses up no retry", event.job,
           with("error", event.reason));
      break;
    case Why::kRowNotRead:
      log(LogLevel::kWarning, "job put off: it cannot be read, and whether it has a row is not known",
          {{"job_id", id_of(event.job)}, {"queue", event.queue}, {"error", text_of(event.reason)}});
      break;
    case Why::kForOthers:
      if (!event.first) break;
      log(LogLevel::kWarning, "job put back: only another worker can read it; said once",
          {{"job_id", id_of(event.job)}, {"queue", event.queue}, {"reason", text_of(event.reason)}});
      break;
  }
}

void say(const JobOutdated& event) {
  line(LogLevel::kInfo, "job put back: the job table knows a later attempt of it than this copy", event.job,
       with("attempt", event.attempt));
}

void say(const JobPutAside& event) {
  if (event.why == Hold::kLimited) {
    line(LogLevel::kDebug, "job waits for a limit", event.job, with("reason", event.reason));
    return;
  }
  if (!event.first) return;
  if (event.why == Hold::kUnknownDatabase) {
    log(LogLevel::kError,
        "jobs name a database that this worker does not have; they wait for one that has it, which uses "
        "up no retry",
        {{"database", event.reason.substr(event.reason.find(':') + 1)},
         {"job_id", id_of(event.job)},
         {"task", event.job.task}});
    return;
  }
  line(LogLevel::kWarning,
       event.why == Hold::kNoBody
           ? "job put back: the task is declared, but has no body in this worker; said once for each task"
           : "job put back: this worker knows no such task; said once for each task",
       event.job);
}

void say(const JobGivenBack& event) {
  if (event.why) return;  // the home, the lease, or the pause, has been told of
  line(LogLevel::kWarning, "job given back: the worker is stopping", event.job, with("error", event.reason));
}

void say(const JobCrashed& event) {
  line(LogLevel::kError, "a worker process died while it ran this job", event.job, with("reason", event.how),
       with("crashes", event.crashes));
}

void say(const JobCrashNotKept& event) {
  line(LogLevel::kWarning, "the crash of a job could not be written to its row", event.job,
       with("error", event.reason));
}

// --- A job does not run any more.

void say(const JobExpired& event) {
  line(LogLevel::kWarning, "job expired before it started, and was dropped", event.job);
}

void say(const JobCancelled& event) {
  line(LogLevel::kInfo,
       event.was_running ? "job cancelled while it ran: what it had done is rolled back" : "job cancelled",
       event.job, with("queue", event.queue));
}

void say(const JobSkipped& event) {
  line(LogLevel::kInfo,
       event.may_be_dead ? "job skipped: it has taken effect before, or is dead"
                         : "job skipped: it has taken effect before",
       event.job);
}

void say(const JobBuried& event) {
  line(LogLevel::kError, "job buried as a dead letter", event.job, with("queue", event.queue),
       with("cause", to_string(event.cause)), with("exception", or_none(event.exception)),
       with("reason", event.reason));
}

void say(const JobHookFailed& event) {
  line(LogLevel::kError, "the on_failure hook of a job has failed; the job is dead all the same", event.job,
       with("error", event.reason));
}

// --- A database of a worker.

void say(const DatabaseDoubted& event) {
  if (!logs(LogLevel::kDebug)) return;
  log(LogLevel::kDebug, "a database may not serve: asking it",
      {{"database", event.database}, {"error", event.error}});
}

void say(const DatabaseAway& event) {
  log(LogLevel::kError,
      event.still ? "a database still does not serve, now for another reason"
                  : "a database does not serve; its jobs are put off, which uses up no retry",
      {{"database", event.database}, {"error", event.error}});
}

void say(const DatabaseServesAgain& event) {
  log(LogLevel::kInfo, "a database serves again",
      {{"database", event.database}, {"after_ms", event.outage.count()}});
}

}  // namespace

void LogListener::on(const Event& event) {
  std::visit([](const auto& one) { say(one); }, event);
}

}  // namespace aftercommit::worker
