/// A declared task: the typed handle that enqueues jobs and, in the worker, gives them a body.
#pragma once

#include <concepts>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <ranges>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/decode_args.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/task_args.hpp"

namespace aftercommit {

class App;
template <class... Args>
class Task;

namespace detail {

/// What an App knows of one task; owned by the App.
struct TaskEntry {
  using Call = std::function<void(Job&)>;

  App& app;
  std::string name;
  TaskOptions options;
  /// Converts the arguments and gives back what runs the body with them; throws BadArguments.  Empty in a
  /// process that only enqueues.
  std::function<Call(const nlohmann::json& args)> bind{};
};

/// Enqueues one job per element of `calls`, each an array of arguments: all or, by an exception, none in
/// doubt.
std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls);

/// What can be a task's body.
template <class Body, class... Args>
concept TaskBody =
    std::invocable<const Body&, Job&, const Args&...> || std::invocable<const Body&, const Args&...>;

}  // namespace detail

/// The arguments of one call among many, as strict as those of delay(): made from them, or from a tuple of
/// exactly the declared types.
template <class... Args>
struct TaskCall {
  template <class... Given>
  TaskCall(Given&&... given) requires detail::Accepts<std::tuple<Args...>, Given...>
      : args_{detail::convert_all<Args...>(flaw_, std::forward<Given>(given)...)} {}
  // Exactly: a double would become a tuple of one long without a word.
  template <std::same_as<std::tuple<Args...>> Tuple>
  TaskCall(Tuple tuple) : args_{std::move(tuple)} {}

 private:
  friend class Task<Args...>;

  detail::CallFlaw flaw_;  // told by the task, which knows its own name and the place of this call among many
  std::tuple<Args...> args_;
};

/// A range whose elements are such calls, or tuples of exactly the declared types.
template <class Range, class... Args>
concept TaskCallsOf = std::ranges::input_range<Range> &&
    std::convertible_to<std::ranges::range_reference_t<Range>, TaskCall<Args...>>;

/// Made by App::task; a small value, copied freely, valid as long as its App.  Thread-safe once declared.
template <class... Args>
class Task {
 public:
  explicit Task(detail::TaskEntry& entry) : entry_{&entry} {}

  const std::string& name() const noexcept { return entry_->name; }
  const TaskOptions& options() const noexcept { return entry_->options; }

  /// Asks for one run.  Inside an atomic block of this thread the job exists if, and only if, that block
  /// commits, and is sent right after; outside it is sent at once.  The id is known now and may be stored.
  /// Throws PayloadError, UsageError (two databases have a block open and the task names none; manual
  /// transaction mode), EnqueueError when sent at once and the broker does not take it within the app's
  /// enqueue_timeout.
  template <class... Given>
  JobId delay(Given&&... args) const {
    return apply_async(CallOptions{}, std::forward<Given>(args)...);
  }

  /// The same with options for this job.
  template <class... Given>
  JobId apply_async(const CallOptions& options, Given&&... args) const {
    if constexpr (!kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
      return JobId::generate();  // never compiled: the line above is not
    } else {
      detail::CallFlaw flaw;
      const auto converted = detail::convert_all<Args...>(flaw, std::forward<Given>(args)...);
      detail::require_none(flaw, name());
      std::vector<nlohmann::json> calls;
      calls.push_back(encode(converted));
      return detail::enqueue(*entry_, options, std::move(calls)).front();
    }
  }

  /// Whether a call with arguments of these types compiles.
  template <class... Given>
  static constexpr bool kTakes = detail::Accepts<std::tuple<Args...>, Given...>;

  // Options that do not come first: these do not compile, and say so.
  template <class First, class... Rest>
  requires(!std::convertible_to<First, const CallOptions&>) JobId apply_async(First&&, Rest&&...)
  const { return options_first<First>(); }
  template <class A>
  requires(!std::convertible_to<A, const CallOptions&>) JobId apply_async(A&&, const CallOptions&)
  const { return options_first<A>(); }
  template <class A, class B>
  requires(!std::convertible_to<A, const CallOptions&>) JobId apply_async(A&&, B&&, const CallOptions&)
  const { return options_first<A>(); }
  template <class A, class B, class C>
  requires(!std::convertible_to<A, const CallOptions&>) JobId apply_async(A&&, B&&, C&&, const CallOptions&)
  const { return options_first<A>(); }

  /// One job for each element, with the guarantees of delay(), sent in one round trip: delay_many({{1},
  /// {2}}), or any range whose elements are tuples of the arguments.
  std::vector<JobId> delay_many(const std::vector<TaskCall<Args...>>& calls) const {
    return enqueue_all(CallOptions{}, calls);
  }
  std::vector<JobId> apply_async_many(const CallOptions& options,
                                      const std::vector<TaskCall<Args...>>& calls) const {
    return enqueue_all(options, calls);
  }
  template <TaskCallsOf<Args...> Calls>
  std::vector<JobId> delay_many(Calls&& calls) const {
    return enqueue_all(CallOptions{}, calls);
  }
  template <TaskCallsOf<Args...> Calls>
  std::vector<JobId> apply_async_many(const CallOptions& options, Calls&& calls) const {
    return enqueue_all(options, calls);
  }

  /// Gives the task its body, in the worker: called as body(Job&, args...) or body(args...).  Any exception
  /// rolls its transaction back; see Retry and Reject.  UsageError if it has one already.
  template <detail::TaskBody<Args...> Body>
  void run(Body body) const {
    if (entry_->bind) throw UsageError{"task '" + entry_->name + "' has been given a body already"};
    // The entry is where this function is kept, and outlives it.
    entry_->bind = [body = std::move(body),
                    &task = entry_->name](const nlohmann::json& json) -> detail::TaskEntry::Call {
      return [&body, args = detail::decode_args<Args...>(json, task)](Job& job) {
        if constexpr (std::invocable<const Body&, Job&, const Args&...>) {
          std::apply([&](const Args&... values) { body(job, values...); }, args);
        } else {
          std::apply([&](const Args&... values) { body(values...); }, args);
        }
      };
    };
  }

 private:
  static nlohmann::json encode(const std::tuple<Args...>& args) {
    return std::apply([](const Args&... each) { return detail::encode_args<Args...>(each...); }, args);
  }

  template <class Calls>
  std::vector<JobId> enqueue_all(const CallOptions& options, Calls& calls) const {
    std::vector<nlohmann::json> encoded;
    for (auto&& element : calls) {
      const TaskCall<Args...> call(element);
      detail::require_none(call.flaw_, name(), encoded.size() + 1);
      encoded.push_back(encode(call.args_));
    }
    return detail::enqueue(*entry_, options, std::move(encoded));
  }

  template <class First>
  static JobId options_first() {
    static_assert(std::convertible_to<First, const CallOptions&>,
                  "the options of a call come first: task.apply_async({.countdown = 5s}, 42)");
    return JobId::generate();
  }

  detail::TaskEntry* entry_;  // not owned: the App outlives its tasks
};

}  // namespace aftercommit
