/// What has been asked for and has not run.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aftercommit/app.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit::testing {

/// A job that waits.
struct EnqueuedJob {
  JobId id;
  std::string task;
  nlohmann::json json;  ///< its arguments, an array
  std::string queue;
  int attempt = 1;  ///< the next one, counted from 1
  /// Until it is due, by the clock of the app; nothing: it is ready.  A countdown counts from the call, so a
  /// few milliseconds may have gone by where a commit lay in between.
  std::optional<std::chrono::milliseconds> due_in{};
  Priority priority = Priority::kNormal;
  Headers headers{};
  bool durable = false;  ///< a row of the job table, or about to be
};

/// The same of a task that is known, with its arguments as declared.
template <class... Args>
struct EnqueuedCall : EnqueuedJob {
  std::tuple<Args...> args;
};

/// All jobs of the app that wait: those in the broker, ready first and in their order, then those that this
/// thread has asked for in transactions that are still open, its test's among them.  Not those of which there
/// is only a row, as SQL asks for them: see DrainOptions::rows.
std::vector<EnqueuedJob> enqueued(App& app);

namespace detail {

struct Found {
  bool found = false;
  std::string text{};  ///< a sentence: what there is of the task
};

std::vector<EnqueuedJob> enqueued(const aftercommit::detail::TaskEntry& task);
/// `args`: null, of any.
Found find_enqueued(const aftercommit::detail::TaskEntry& task, const nlohmann::json& args);

/// As Task::delay would send them; UsageError for a number that does not fit.
template <class... Args, class... Given>
nlohmann::json encode_call(const Task<Args...>& task, Given&&... given) {
  static_assert(Task<Args...>::template kTakes<Given...>,
                "these arguments do not go into those that the task declares: see Task::delay");
  aftercommit::detail::CallFlaw flaw;
  const auto converted = aftercommit::detail::convert_all<Args...>(flaw, std::forward<Given>(given)...);
  aftercommit::detail::require_none(flaw, task.name());
  return std::apply([](const Args&... each) { return aftercommit::detail::encode_args<Args...>(each...); },
                    converted);
}

}  // namespace detail

/// Those of one task.  Throws an Error for a job whose arguments are not as its task declares them.
template <class... Args>
std::vector<EnqueuedCall<Args...>> enqueued(const Task<Args...>& task) {
  std::vector<EnqueuedCall<Args...>> calls;
  for (auto& job : detail::enqueued(task.entry())) {
    auto args = aftercommit::detail::decode_args<Args...>(job.json, task.name());
    calls.push_back({std::move(job), std::move(args)});
  }
  return calls;
}

/// Whether a job of the task waits, with exactly these arguments; `text` says what there is otherwise.  For
/// GoogleTest: EXPECT_ENQUEUED.
template <class... Args, class... Given>
detail::Found find_enqueued(const Task<Args...>& task, Given&&... args) {
  return detail::find_enqueued(task.entry(), detail::encode_call(task, std::forward<Given>(args)...));
}
/// The same with any arguments.
template <class... Args>
detail::Found find_any_enqueued(const Task<Args...>& task) {
  return detail::find_enqueued(task.entry(), nullptr);
}

}  // namespace aftercommit::testing
