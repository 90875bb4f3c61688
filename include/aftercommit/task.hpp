/// A declared task: the typed handle that enqueues jobs and, in the worker, gives them a body.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/batch.hpp"
#include "aftercommit/call_checks.hpp"
#include "aftercommit/decode_args.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/foreign.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/retry.hpp"
#include "aftercommit/task_args.hpp"
#include "aftercommit/task_call.hpp"
#include "aftercommit/unique.hpp"
#include "aftercommit/wrong_calls.hpp"

namespace aftercommit {

class App;

namespace detail {

struct EnqueueCounts;

/// What an App knows of one task; owned by the App.
struct TaskEntry {
  using Call = std::function<void(Job&)>;

  App& app;
  std::string name;
  TaskOptions options;
  /// Converts the arguments and gives back what runs the body with them; throws BadArguments.  Empty in a
  /// process that only enqueues.
  std::function<Call(const nlohmann::json& args)> bind{};
  /// What Task::on_failure was given; throws BadArguments as well.  Empty: nothing is to be done.
  std::function<void(Job&, const FailedJob&, const nlohmann::json& args)> on_failure{};
  std::optional<TaskBatch> batch{};  ///< what Task::run_batch was given; nothing: each of its jobs runs alone
  bool binds_batch = false;          ///< `bind` runs that with one job, for want of a body for one
  bool is_flow = false;              ///< `bind` runs a coroutine, step by step: see flow.hpp
  EnqueueCounts* counts = nullptr;   ///< for metrics; not owned; null: nobody counts
  std::vector<std::string> parameters{};  ///< what they are, see parameter_words.hpp
};

/// Throws UsageError where this task cannot have the body of a batch, or not of so many jobs.
void check_batch(const TaskEntry& task, std::size_t most);

/// Enqueues one job per element of `calls`, each an array of arguments: all or, by an exception, none in
/// doubt.
std::vector<JobId> enqueue(const TaskEntry& task, const CallOptions& options,
                           std::vector<nlohmann::json> calls);
/// One of a unique task; UsageError where nothing makes it so.
UniqueJob enqueue_unique(const TaskEntry& task, const CallOptions& options, nlohmann::json args);
/// The same two by one statement in a transaction of others.
std::vector<JobId> enqueue_in(const TaskEntry& task, const CallOptions& options,
                              std::vector<nlohmann::json> calls, const RunStatement& run);
UniqueJob enqueue_unique_in(const TaskEntry& task, const CallOptions& options, nlohmann::json args,
                            const RunStatement& run);

}  // namespace detail

/// Made by App::task; a small value, copied freely, valid as long as its App.  Thread-safe once declared.
template <class... Args>
class Task : private detail::WrongCalls<std::index_sequence_for<Args...>, Args...> {
  using Wrong = detail::WrongCalls<std::index_sequence_for<Args...>, Args...>;

 public:
  // Of calls that are wrong: they do not compile, and say why.
  using Wrong::apply_async;
  using Wrong::apply_async_many;
  using Wrong::delay;
  using Wrong::delay_many;
  using Wrong::run;

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

  /// A part of a plan, which asks for nothing by itself: see plan.hpp.
  template <class... Given>
  auto operator()(Given&&... args) const;

  /// The same with options for this job.
  template <class... Given>
  JobId apply_async(const CallOptions& options, Given&&... args) const {
    if constexpr (!kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
      return JobId::generate();  // never compiled: the line above is not
    } else {
      return detail::enqueue(*entry_, options, one_call(std::forward<Given>(args)...)).front();
    }
  }

  /// For a task with the option `unique`: as delay(), and says whether the job is this call's own.  delay()
  /// itself gives the id of the job that there is, own or not.  It is decided now, by one statement in the
  /// open transaction, and holds if that commits.  Throws besides what the database does; ConfigError where
  /// its tables are too old.
  template <class... Given>
  UniqueJob delay_unique(Given&&... args) const {
    return apply_unique(CallOptions{}, std::forward<Given>(args)...);
  }
  /// The same with options for this job, which may be what makes it unique; UsageError if nothing does.
  template <class... Given>
  UniqueJob apply_unique(const CallOptions& options, Given&&... args) const {
    if constexpr (!kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
      return {.id = JobId::generate()};  // never compiled, as above
    } else {
      return detail::enqueue_unique(*entry_, options, one_call(std::forward<Given>(args)...).front());
    }
  }

  /// Whether a call with arguments of these types compiles.
  template <class... Given>
  static constexpr bool kTakes = detail::Accepts<std::tuple<Args...>, Given...>;

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

  /// delay() in a transaction that this library has not begun: a pqxx::work (aftercommit/foreign/pqxx.hpp), a
  /// PGconn* (aftercommit/foreign/libpq.hpp), or whatever a function can run one statement in (foreign.hpp).
  /// The job exists if, and only if, that commits; a rollback to a savepoint before it takes it back.  It is
  /// durable, a row that is written now by one statement; a worker's relay brings it after the commit.  As
  /// aftercommit.enqueue in SQL.  Nothing else of the app has to be connected, or configured: the tables are
  /// in the schema of its database, by the alias in options or task, or in `aftercommit` where the app has
  /// none. Throws as delay() does, and besides what explain_failure() does, or the driver.
  template <class Foreign, class... Given>
  JobId delay_in(Foreign&& transaction, Given&&... args) const {
    return apply_async_in(transaction, CallOptions{}, std::forward<Given>(args)...);
  }
  /// The same with options for this job, `delivery` and `transaction` apart: UsageError.
  template <class Foreign, class... Given>
  JobId apply_async_in(Foreign&& transaction, const CallOptions& options, Given&&... args) const {
    if constexpr (!kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
      return JobId::generate();  // never compiled, as above
    } else {
      return detail::enqueue_in(*entry_, options, one_call(std::forward<Given>(args)...),
                                detail::running_in(transaction))
          .front();
    }
  }
  /// delay_unique() and apply_unique() there; the answer holds if it commits.
  template <class Foreign, class... Given>
  UniqueJob delay_unique_in(Foreign&& transaction, Given&&... args) const {
    return apply_unique_in(transaction, CallOptions{}, std::forward<Given>(args)...);
  }
  template <class Foreign, class... Given>
  UniqueJob apply_unique_in(Foreign&& transaction, const CallOptions& options, Given&&... args) const {
    if constexpr (!kTakes<Given...>) {
      detail::CheckCall<std::tuple<Args...>, Given...>::check();
      return {.id = JobId::generate()};  // never compiled, as above
    } else {
      return detail::enqueue_unique_in(*entry_, options, one_call(std::forward<Given>(args)...).front(),
                                       detail::running_in(transaction));
    }
  }
  /// delay_many() and apply_async_many() there: one statement for all of them.
  template <class Foreign>
  std::vector<JobId> delay_many_in(Foreign&& transaction, const std::vector<TaskCall<Args...>>& calls) const {
    return detail::enqueue_in(*entry_, CallOptions{}, encode_all(calls), detail::running_in(transaction));
  }
  template <class Foreign>
  std::vector<JobId> apply_async_many_in(Foreign&& transaction, const CallOptions& options,
                                         const std::vector<TaskCall<Args...>>& calls) const {
    return detail::enqueue_in(*entry_, options, encode_all(calls), detail::running_in(transaction));
  }
  template <class Foreign, TaskCallsOf<Args...> Calls>
  std::vector<JobId> delay_many_in(Foreign&& transaction, Calls&& calls) const {
    return detail::enqueue_in(*entry_, CallOptions{}, encode_all(calls), detail::running_in(transaction));
  }
  template <class Foreign, TaskCallsOf<Args...> Calls>
  std::vector<JobId> apply_async_many_in(Foreign&& transaction, const CallOptions& options,
                                         Calls&& calls) const {
    return detail::enqueue_in(*entry_, options, encode_all(calls), detail::running_in(transaction));
  }

  /// Gives the task its body, in the worker: called as body(Job&, args...) or body(args...).  Any exception
  /// rolls its transaction back; see Retry, Snooze and Reject.  UsageError if it has one already.
  template <detail::TaskBody<Args...> Body>
  void run(Body body) const {
    if (entry_->bind && !entry_->binds_batch)
      throw UsageError{"task '" + entry_->name + "' has been given a body already"};
    entry_->binds_batch = false;
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

  using Call = BatchCall<Args...>;

  /// Gives the task a body for many jobs at once, in the worker: called as body(Job& batch, std::span<const
  /// Call> calls) or body(calls), in one transaction, in which each of them takes effect, once.  A thread
  /// that becomes free takes up to `most` jobs of the task that are there, of one queue and one database; it
  /// waits for no more.  As a chunk of Spring Batch, of which the items are taken one by one after a failure.
  ///
  /// Whatever the body throws, or the commit, rolls back all of it and counts for nobody: then the jobs run
  /// one by one, each in a transaction and with an attempt of its own, by the body of run() where the task
  /// has one, else by this one with a single call.  So one bad job fails alone.  Alone as well run jobs that
  /// have failed, been snoozed or crashed before, that are unique, or that have time limits of their own.
  ///
  /// `batch` stands for all: its transaction(), stop_requested() and log(), task() and queue(); what it says
  /// of a job (id, headers) is the first call's, and progress() is a UsageError.  The task's time limits hold
  /// for the batch as for one job.  UsageError for a task with transactional = false, or that has such a body
  /// already.  Runs in several threads at once, as a body.
  template <class Body>
  void run_batch(Body body, BatchOptions options = {}) const {
    static_assert(detail::BatchBody<Body, Args...>,
                  "the body of a batch is called as body(batch, calls) or body(calls), where batch is a Job& "
                  "and calls a std::span<const Call> of this task, which is "
                  "std::span<const aftercommit::BatchCall<its arguments>>: this one cannot be called so");
    if constexpr (detail::BatchBody<Body, Args...>) {
      detail::check_batch(*entry_, options.most);
      const auto shared = std::make_shared<const Body>(std::move(body));
      auto& task = entry_->name;  // the entry is where these functions are kept, and outlives them
      entry_->batch.emplace(
          detail::TaskBatch{options.most, [shared, &task] {
                              return std::make_unique<detail::TypedBatchCalls<Body, Args...>>(*shared, task);
                            }});
      if (entry_->bind) return;
      entry_->binds_batch = true;
      entry_->bind = [shared, &task](const nlohmann::json& json) -> detail::TaskEntry::Call {
        return [&body = *shared, args = detail::decode_args<Args...>(json, task)](Job& job) {
          const Call one{detail::info_of(job), args};
          detail::call_batch_body(body, job, std::span<const Call>{&one, 1});
        };
      };
    }
  }

  /// Gives the task a hook, in the worker: called as hook(Job&, const FailedJob&, args...) or
  /// hook(const FailedJob&, args...) when a job of it has become a dead letter: its retries used up,
  /// retry_for passed, rejected, not to be retried, or after the last crash that it may have.  Not where its
  /// arguments cannot be read (malformed), where no worker knows the task, for a job that expired, nor for
  /// one whose body has ended its own transaction.
  ///
  /// It runs in a transaction of its own, in the database of the job, which commits together with the end of
  /// the job: what it writes there, and the durable jobs that it asks for, exist once.  A hook that throws
  /// changes nothing: its transaction is rolled back, the job is dead all the same, and the error is logged
  /// and kept with the others.  One whose process or session dies in it is called again, a few times at most.
  /// For a task without any database Job::transaction() is a UsageError, and the hook may run twice.
  /// Runs in several threads at once, as a body.  UsageError if the task has a hook already.
  template <class Hook>
  void on_failure(Hook hook) const {
    constexpr bool kWithJob = std::invocable<const Hook&, Job&, const FailedJob&, const Args&...>;
    static_assert(kWithJob || std::invocable<const Hook&, const FailedJob&, const Args&...>,
                  "the hook of a task is called as hook(failure, args...) or hook(job, failure, args...), "
                  "where failure is a const FailedJob& and job a Job&: this one cannot be called so");
    if (entry_->on_failure)
      throw UsageError{"task '" + entry_->name + "' has been given an on_failure hook already"};
    entry_->on_failure = [hook = std::move(hook), &task = entry_->name](Job& job, const FailedJob& failure,
                                                                        const nlohmann::json& json) {
      std::apply(
          [&](const Args&... values) {
            if constexpr (kWithJob) {
              hook(job, failure, values...);
            } else {
              hook(failure, values...);
            }
          },
          detail::decode_args<Args...>(json, task));
    };
  }

  /// For the library's own parts.
  const detail::TaskEntry& entry() const noexcept { return *entry_; }

 private:
  static nlohmann::json encode(const std::tuple<Args...>& args) {
    return std::apply([](const Args&... each) { return detail::encode_args<Args...>(each...); }, args);
  }

  template <class... Given>
  std::vector<nlohmann::json> one_call(Given&&... args) const {
    detail::CallFlaw flaw;
    const auto converted = detail::convert_all<Args...>(flaw, std::forward<Given>(args)...);
    detail::require_none(flaw, name());
    std::vector<nlohmann::json> calls;
    calls.push_back(encode(converted));
    return calls;
  }

  template <class Calls>
  std::vector<nlohmann::json> encode_all(Calls& calls) const {
    std::vector<nlohmann::json> encoded;
    for (auto&& element : calls) {
      const TaskCall<Args...> call(element);
      detail::require_none(call.flaw_, name(), encoded.size() + 1);
      encoded.push_back(encode(call.args_));
    }
    return encoded;
  }

  template <class Calls>
  std::vector<JobId> enqueue_all(const CallOptions& options, Calls& calls) const {
    return detail::enqueue(*entry_, options, encode_all(calls));
  }

  detail::TaskEntry* entry_;  // not owned: the App outlives its tasks
};

}  // namespace aftercommit
