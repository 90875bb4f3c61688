/// What became of a job, for who asked for it: the value that its task returned, and how far it has got.
#pragma once

#include <chrono>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "aftercommit/decode_args.hpp"
#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/task.hpp"

namespace aftercommit {

/// Where a job stands, as its database tells in one look.
enum class ResultState : std::uint8_t {
  kPending,    ///< durable, and not in effect yet: it waits, runs, or will run again
  kDone,       ///< it has taken effect: its value is there
  kFailed,     ///< durable, and dead: it will not run again by itself
  kCancelled,  ///< it will not run: somebody has cancelled it
  kExpired,    ///< it has taken effect, and its value is not kept any more
  /// The database has nothing of it: never committed; dropped, as its `expires` had passed; done so long ago
  /// that its value has been purged, or of a task that returns none; or of another delivery than durable, and
  /// not in effect yet (or dead).
  kUnknown,
};

/// "pending" and so on, as SQL has it.
std::string_view to_string(ResultState state) noexcept;

/// There is no value: the sentence says what became of the job.
class AFTERCOMMIT_EXPORT NoResult : public Error {
 public:
  NoResult(const std::string& what, ResultState state) : Error{what}, state_{state} {}
  ResultState state() const noexcept { return state_; }
  /// True while it may still come.
  bool retryable() const noexcept override {
    return state_ == ResultState::kPending || state_ == ResultState::kUnknown;
  }

 private:
  ResultState state_;
};

/// How far a job says that it has got: the last that Job::progress() was told.
struct JobProgress {
  int attempt = 1;
  std::int64_t done = 0;
  std::int64_t total = 0;  ///< 0: not known
  std::string note{};
  std::chrono::system_clock::time_point at{};  ///< when it was written, by the database's clock
};

namespace detail {

struct FoundResult {
  ResultState state = ResultState::kUnknown;
  nlohmann::json value{};          ///< with kDone
  std::string error{};             ///< with kFailed: why it died
  std::vector<std::string> log{};  ///< with kDone
};

FoundResult find_result(const TaskEntry& task, const JobId& job, std::string_view database);
FoundResult wait_for_result(const TaskEntry& task, const JobId& job, std::chrono::milliseconds timeout,
                            std::string_view database);
/// For the body of `job`: has the value written with its commit.  Throws PayloadError.
void keep_result(const TaskEntry& task, Job& job, const nlohmann::json& value);
/// Throws PayloadError: "the result of task 'x' is 300, and its type takes ..."
[[noreturn]] void throw_result_flaw(const TaskEntry& task, const std::string& flaw);
[[noreturn]] void throw_no_result(const std::string& task, ResultState state, const std::string& error);

/// What a body gave, as the declared type and as JSON.
template <class R, class Given>
nlohmann::json encode_result(const TaskEntry& task, Given&& given) {
  CallFlaw flaw;
  const R value = convert<R>(std::forward<Given>(given), flaw);
  if (!flaw.text.empty()) throw_result_flaw(task, flaw.text);
  return encode_arg(value);
}

/// Throws BadArguments, an Error that names the task and the place in the value.
template <class R>
R decode_result(const nlohmann::json& value, const std::string& task) {
  return decode_value<R>(value, JsonPlace{nullptr, kPlaceOfResult, &task});
}

}  // namespace detail

/// What ResultTask::result() found: as a std::optional of the value, with the reason where there is none.  A
/// value, of the moment of the look.
template <class R>
class Outcome {
  using Value = std::conditional_t<std::is_void_v<R>, std::monostate, R>;

 public:
  /// For the library's own parts.
  Outcome(detail::FoundResult found, const std::string& task)
      : task_{task}, state_{found.state}, error_{std::move(found.error)}, log_{std::move(found.log)} {
    if (state_ != ResultState::kDone) return;
    if constexpr (std::is_void_v<R>) {
      value_.emplace();
    } else {
      value_.emplace(detail::decode_result<R>(found.value, task));
    }
  }

  ResultState state() const noexcept { return state_; }
  bool has_value() const noexcept { return value_.has_value(); }  ///< state() is kDone
  explicit operator bool() const noexcept { return has_value(); }
  /// Throws NoResult.
  const Value& value() const {
    if (!value_) detail::throw_no_result(task_, state_, error_);
    return *value_;
  }
  // Of a value that is there.
  const Value& operator*() const noexcept { return *value_; }
  const Value* operator->() const noexcept { return &*value_; }

  /// With kFailed: the last words of the job, one sentence.
  const std::string& error() const noexcept { return error_; }
  /// With kDone: what the attempt that took effect has said by Job::log().
  const std::vector<std::string>& log() const noexcept { return log_; }

 private:
  std::string task_;
  ResultState state_;
  std::optional<Value> value_{};
  std::string error_;
  std::vector<std::string> log_;
};

/// A task whose body returns a value, `R`, or `void` for who only wants to know that it is done.  Made by
/// App::task<R(Args...)>.  The value becomes a row, with the message of the task's COMMIT: it can be seen if,
/// and only if, the effect of the job can; for TaskOptions::result_ttl.  As Celery's AsyncResult, with the
/// truth in PostgreSQL.
template <class R, class... Args>
class ResultTask : public Task<Args...> {
 public:
  explicit ResultTask(detail::TaskEntry& entry) : Task<Args...>{entry}, entry_{&entry} {}

  /// As Task's, of a part that returns R.
  template <class... Given>
  auto operator()(Given&&... args) const;

  /// As Task::run.  What the body returns is R, or converts to it as an argument would.  A value that JSON
  /// cannot hold, or that takes more than the app's payload_limit, fails the attempt (PayloadError).
  template <class Body>
  void run(Body body) const {
    if constexpr (!detail::TaskBody<Body, Args...>) {
      detail::check_body<Body, Args...>();
    } else {
      static_assert(kReturns<Body>, "what this body returns is not the result that its task declares");
      if (entry_->bind) throw UsageError{"task '" + entry_->name + "' has been given a body already"};
      // The entry is where this function is kept, and outlives it.
      entry_->bind = [body = std::move(body),
                      &task = *entry_](const nlohmann::json& json) -> detail::TaskEntry::Call {
        return [&body, &task, args = detail::decode_args<Args...>(json, task.name)](Job& job) {
          if constexpr (std::is_void_v<R>) {
            call(body, job, args);
            detail::keep_result(task, job, nullptr);
          } else {
            detail::keep_result(task, job, detail::encode_result<R>(task, call(body, job, args)));
          }
        };
      };
    }
  }

  /// There is none: a value is that of one job.
  template <class Body>
  void run_batch(const Body&, BatchOptions = {}) const {
    static_assert(detail::kNever<Body>,
                  "a task that returns a value runs one job at a time: declare it without one, "
                  "app.task<Args...>(name), to run its jobs in batches");
  }

  /// What has become of a job of this task, by one query; inside an atomic block as that block sees it.
  /// `database`: the alias of the one that the job takes effect in, where it is not the task's.  Throws what
  /// Database::exec does; ConfigError where the tables are too old; an Error where the value that is kept is
  /// not an R.
  Outcome<R> result(const JobId& job, std::string_view database = {}) const {
    return {detail::find_result(*entry_, job, database), entry_->name};
  }
  /// The same once the job is done, dead or cancelled, or when `timeout` has passed: then as it stands
  /// (kPending, kUnknown).  All that wait in a process share one query for each database: 20 ms after each of
  /// them came, then in growing steps up to once a second, and each for itself at its end; nothing is held in
  /// between.  UsageError inside an atomic block or in manual mode, where the job could not be seen or not
  /// even run.  Thread-safe.
  Outcome<R> wait(const JobId& job, std::chrono::milliseconds timeout, std::string_view database = {}) const {
    return {detail::wait_for_result(*entry_, job, timeout, database), entry_->name};
  }

 private:
  static_assert(!std::is_reference_v<R>, "a task returns a value, not a reference");

  template <class Body>
  static decltype(auto) call(const Body& body, Job& job, const std::tuple<Args...>& args) {
    return std::apply(
        [&](const Args&... values) -> decltype(auto) {
          if constexpr (std::invocable<const Body&, Job&, const Args&...>) {
            return body(job, values...);
          } else {
            return body(values...);
          }
        },
        args);
  }
  template <class Body>
  static constexpr bool returns() {
    using Given = decltype(call(std::declval<const Body&>(), std::declval<Job&>(),
                                std::declval<const std::tuple<Args...>&>()));
    if constexpr (std::is_void_v<R> || std::is_void_v<Given>) {
      return std::is_void_v<R> && std::is_void_v<Given>;
    } else {
      return detail::kConvertsFaithfully<Given, R>;
    }
  }
  template <class Body>
  static constexpr bool kReturns = returns<Body>();

  detail::TaskEntry* entry_;  // not owned: the App outlives its tasks
};

namespace detail {

template <class Signature>
struct TaskOfSignature;
template <class R, class... Args>
struct TaskOfSignature<R(Args...)> {
  using type = ResultTask<R, std::remove_cvref_t<Args>...>;
};

/// Throws UsageError; else gives the options back, with the default of what a task that returns needs.
TaskOptions check_result_options(const std::string& task, TaskOptions options, bool returns);

}  // namespace detail
}  // namespace aftercommit
