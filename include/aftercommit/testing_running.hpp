/// Running jobs in the thread of a test, by the worker's own code: the same transaction, claim, retries and
/// dead letters.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/task.hpp"
#include "aftercommit/testing_enqueued.hpp"
#include "aftercommit/testing_manual_clock.hpp"

namespace aftercommit::testing {

/// How one run of a job has ended.
enum class Ended : std::uint8_t {
  kDone,     ///< it has taken effect
  kRetried,  ///< it failed, and runs again after JobRun::countdown
  kSnoozed,  ///< its task has put it off for JobRun::countdown
  kDead,     ///< it failed for the last time; the on_failure hook of its task has been called, if it has one
  kExpired,  ///< it was too late for it, and it did not run
  kCancelled,  ///< App::cancel
  kSkipped,    ///< it had taken effect before, and did not run
  kPutOff,     ///< it did not run, or was cut short, for no fault of its own; JobRun::error says why
};

std::string_view to_string(Ended ended) noexcept;  ///< "done", "retried" ...

struct JobRun {
  JobId id;
  std::string task;
  int attempt = 1;
  Ended ended = Ended::kPutOff;
  std::chrono::milliseconds countdown{0};
  std::string error{};          ///< a sentence; empty where all went well
  std::string error_type{};     ///< of what the task has thrown: "std::out_of_range"; empty: nothing
  std::exception_ptr thrown{};  ///< that itself; null: nothing

  bool done() const noexcept { return ended == Ended::kDone; }
  /// "attempt 2 of 'send_receipt': retried in 4 s: std::out_of_range: 9"
  std::string text() const;
};

struct RunOptions {
  int attempt = 1;  ///< 1 + the retries that are used up
  std::optional<int> max_retries = std::nullopt;
  std::optional<std::string> queue = std::nullopt;
  std::optional<std::string> database = std::nullopt;  ///< alias
  Headers headers = {};
  std::optional<std::chrono::system_clock::time_point> tick = std::nullopt;  ///< see Job::tick()
};

namespace detail {

JobRun run_task(const aftercommit::detail::TaskEntry& task, const RunOptions& options, nlohmann::json args);

}  // namespace detail

/// One attempt of a job of its own, which no queue and no table holds: its body in its transaction, which
/// commits if the body returns; inside a test's transaction in a savepoint of it.  What it asks for waits,
/// and what is to become of the job afterwards is only said.  As Oban's perform_job.  UsageError for a task
/// without a body, inside an open block, and as Task::delay.
template <class... Args, class... Given>
JobRun run_task(const RunOptions& options, const Task<Args...>& task, Given&&... args) {
  return detail::run_task(task.entry(), options, detail::encode_call(task, std::forward<Given>(args)...));
}
template <class... Args, class... Given>
JobRun run_task(const Task<Args...>& task, Given&&... args) {
  return run_task(RunOptions{}, task, std::forward<Given>(args)...);
}

struct DrainOptions {
  /// With jobs of which there is only a row, as SQL asks for them.  All rows of the schema that this thread
  /// sees are meant: give each program of tests a schema of its own.
  bool rows = false;
  std::size_t at_most = 10'000;  ///< runs; then an Error: a task may ask for itself again and again
};

/// Does what would happen by now, in this thread, until nothing is left that is due: inside a test's
/// transaction the hooks and jobs that wait for a commit of it; the ticks of periodic tasks; and all jobs
/// that are ready, in the order in which they became so, with those that they ask for.  As Oban's
/// drain_queue. A hook that throws ends it, and the exception comes from here.  UsageError inside an open
/// block of the code's, and in a task.
std::vector<JobRun> drain(App& app, const DrainOptions& options = {});

/// Lets so much time pass on `clock`, which has to be that of the app (AppOptions::clock, else UsageError):
/// countdowns, backoffs and ticks come due one after the other, each at its own time, and what is due is run,
/// as by drain(), before the clock goes on.
std::vector<JobRun> advance(App& app, ManualClock& clock, std::chrono::milliseconds by,
                            const DrainOptions& options = {});

}  // namespace aftercommit::testing
