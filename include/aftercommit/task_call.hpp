/// What a task can be given: one call among many, or a body.
#pragma once

#include <concepts>
#include <ranges>
#include <tuple>
#include <utility>

#include "aftercommit/job.hpp"
#include "aftercommit/task_args.hpp"

namespace aftercommit {

template <class... Args>
class Task;

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

namespace detail {

/// What can be a task's body.
template <class Body, class... Args>
concept TaskBody =
    std::invocable<const Body&, Job&, const Args&...> || std::invocable<const Body&, const Args&...>;

}  // namespace detail
}  // namespace aftercommit
