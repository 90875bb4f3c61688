/// Jobs that a flow asks for and waits for.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/flow_waits.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit {

/// Filled by the function that FlowContext::all() is given, in the transaction of that step.
class FlowChildren {
 public:
  /// For the library's own parts.
  FlowChildren(const JobId& flow, Transaction& transaction) : flow_{flow}, transaction_{transaction} {}
  FlowChildren(const FlowChildren&) = delete;
  FlowChildren& operator=(const FlowChildren&) = delete;

  /// The transaction of the step, for what else belongs to it.
  Transaction& transaction() const noexcept { return transaction_; }

  /// Asks for a job of this task, as Task::delay; a flow is a task too.  UsageError for a task whose jobs are
  /// unique or not durable.
  template <class... Args, class... Given>
  JobId add(const Task<Args...>& task, Given&&... args) {
    return add_with(CallOptions{}, task, std::forward<Given>(args)...);
  }
  /// The same with options for this job.
  template <class... Args, class... Given>
  JobId add_with(CallOptions options, const Task<Args...>& task, Given&&... args) {
    options.flow = flow_;
    options.transaction = &transaction_;
    const auto job = task.apply_async(options, std::forward<Given>(args)...);
    added_.push_back({job, task.name()});
    return job;
  }

  /// For the library's own parts: the same by the arguments as they travel.
  JobId add_call(const detail::TaskEntry& task, nlohmann::json args);

  struct Child {
    JobId job;
    std::string task;
  };
  const std::vector<Child>& added() const noexcept { return added_; }  ///< in their order

 private:
  const JobId flow_;
  Transaction& transaction_;  // not owned, outlives this
  std::vector<Child> added_;
};

namespace detail {

/// What the function of an all() is called by, whatever its results are.
class ChildrenAsk : public FlowAsk {
 public:
  virtual void fill(FlowChildren& children) = 0;

 protected:
  using FlowAsk::FlowAsk;
  ChildrenAsk(ChildrenAsk&&) = default;
  ~ChildrenAsk() = default;
};

/// `R`: of each of them; void: they are not looked at.
template <class R, class Fill>
class AllAwait final
    : public FlowAwait<std::conditional_t<std::is_void_v<R>, void, std::vector<R>>, ChildrenAsk> {
  using Results = std::conditional_t<std::is_void_v<R>, void, std::vector<R>>;
  using Base = FlowAwait<Results, ChildrenAsk>;

 public:
  AllAwait(FlowRunner& runner, FlowAsk::What what, Fill fill)
      : Base{runner, std::move(what)}, fill_{std::move(fill)} {}

  Results await_resume() const { return this->decoded(); }
  void fill(FlowChildren& children) override { fill_(children); }

 private:
  Fill fill_;
};

template <class R, class Fill>
inline constexpr bool kIsFlowAwait<AllAwait<R, Fill>> = true;

}  // namespace detail
}  // namespace aftercommit
