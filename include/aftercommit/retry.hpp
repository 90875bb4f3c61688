/// How often a failed task runs again, and how long it waits before.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <typeinfo>
#include <vector>

#include "aftercommit/export.hpp"

namespace aftercommit {

/// The countdown before the next attempt.  A value; see the factories below.
struct Backoff {
  enum class Kind : std::uint8_t { kFixed, kExponential };

  Kind kind = Kind::kExponential;
  std::chrono::milliseconds base{1000};      ///< before the first retry
  double factor = 2.0;                       ///< each further retry waits this many times longer
  std::chrono::milliseconds cap{3'600'000};  ///< never longer than this
  double jitter = 0.2;                       ///< 0..1: the share of the wait that is drawn at random
  std::chrono::milliseconds floor{0};        ///< never shorter than this, whatever was drawn; at most `cap`

  /// The wait before retry number `retry` (counted from 1).  `random` in [0, 1) picks the point between
  /// wait * (1 - jitter) and wait, or `floor` where that is longer.  Never negative, and never over 100
  /// years, whatever the settings.
  std::chrono::milliseconds wait(int retry, double random) const noexcept;

  friend bool operator==(const Backoff&, const Backoff&) = default;
};

/// The same wait before every retry, shortened at random by up to `jitter` of itself, but not below `floor`.
inline Backoff fixed(std::chrono::milliseconds wait, double jitter = 0.0,
                     std::chrono::milliseconds floor = std::chrono::milliseconds{0}) {
  return {Backoff::Kind::kFixed, wait, 1.0, wait, jitter, floor};
}

/// base, base * factor, base * factor^2 ... up to cap, each shortened at random by up to `jitter` of itself,
/// but not below `floor`.
inline Backoff exponential(std::chrono::milliseconds base, std::chrono::milliseconds cap, double factor = 2.0,
                           double jitter = 0.2,
                           std::chrono::milliseconds floor = std::chrono::milliseconds{0}) {
  return {Backoff::Kind::kExponential, base, factor, cap, jitter, floor};
}

/// Some types of exceptions, each with all that derive from it; see retry_on() and no_retry_on().  A value of
/// a pointer's size or two, none of whose functions runs unless a task has thrown.
class ErrorTypes {
 public:
  constexpr ErrorTypes() = default;  ///< none are named

  template <class... E>
  static constexpr ErrorTypes of() {
    static_assert(sizeof...(E) > 0, "name the types of the exceptions, as in retry_on<std::system_error>()");
    static_assert((std::is_same_v<E, std::decay_t<E>> && ...),
                  "name the types themselves, without const, & and *: they match what derives from them too");
    return {[]() noexcept { return (is_caught<E>() || ...); },
            [] { return std::vector<const std::type_info*>{&typeid(E)...}; }};
  }

  explicit operator bool() const noexcept { return match_ != nullptr; }  ///< whether any are named
  /// Within the handler of an exception: whether it is of one of these types.
  bool match_caught() const noexcept { return match_ != nullptr && match_(); }
  std::vector<const std::type_info*> types() const {
    return list_ != nullptr ? list_() : std::vector<const std::type_info*>{};
  }

 private:
  using Match = bool (*)() noexcept;
  using List = std::vector<const std::type_info*> (*)();

  constexpr ErrorTypes(Match match, List list) : match_{match}, list_{list} {}

  template <class E>
  static bool is_caught() noexcept {
    try {
      throw;
    } catch (const E&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  Match match_ = nullptr;
  List list_ = nullptr;
};

/// For TaskOptions::retry_on: an attempt that ends by an exception of these types, or of one that derives
/// from them, is followed by another; any other makes the job a dead letter at once.  As Celery's
/// autoretry_for.
template <class... E>
constexpr ErrorTypes retry_on() {
  return ErrorTypes::of<E...>();
}

/// For TaskOptions::no_retry_on: an exception of these types makes the job a dead letter at once, whatever
/// else is said.  As Celery's dont_autoretry_for.
template <class... E>
constexpr ErrorTypes no_retry_on() {
  return ErrorTypes::of<E...>();
}

/// Thrown by a task that wants to run again: its transaction is rolled back, one retry is used up.
/// Without a countdown the task's backoff decides; with one the wait is exactly that, whatever cap, floor and
/// jitter say.  retry_on and no_retry_on do not look at it.  As Celery's self.retry(countdown=...).
struct AFTERCOMMIT_EXPORT Retry : std::runtime_error {
  explicit Retry(const std::string& reason, std::optional<std::chrono::milliseconds> after = std::nullopt,
                 std::optional<int> at_most = std::nullopt)
      : std::runtime_error{reason}, countdown{after}, max_retries{at_most} {}
  std::optional<std::chrono::milliseconds> countdown;
  /// Instead of the job's own, for this failure alone: those that follow go by the job's again, as in Celery.
  std::optional<int> max_retries;
};

/// What Job::retry() may be told; what is empty is as the job and its task say.
struct RetryCall {
  std::optional<std::chrono::milliseconds> countdown = std::nullopt;  ///< see Retry
  std::optional<int> max_retries = std::nullopt;                      ///< the same
  std::string reason = "the task asked for a retry";                  ///< kept with the job, and logged
};

/// Thrown by a task that has nothing to do yet: its transaction is rolled back, and the job comes back after
/// exactly `after`, at the same attempt: no retry is used up, and nothing is added to its errors.  As often
/// as it likes, until retry_for has passed; without that for ever.  As River's snooze.
struct AFTERCOMMIT_EXPORT Snooze : std::runtime_error {
  explicit Snooze(std::chrono::milliseconds after, const std::string& reason = "snoozed by its task")
      : std::runtime_error{reason}, countdown{after} {}
  std::chrono::milliseconds countdown;
};

/// Thrown by a task that can never succeed: its transaction is rolled back and the job becomes a dead letter
/// at once, whatever retries are left.
struct AFTERCOMMIT_EXPORT Reject : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// How a job has died, as the hook is told that Task::on_failure has been given.
struct FailedJob {
  /// As in its dead letter: "retries_exhausted", "rejected" (by Reject, retry_on or no_retry_on), "crashed".
  std::string cause;
  std::string reason;      ///< the sentence that is kept in the dead letter
  std::string error_type;  ///< of the last exception, as "std::out_of_range"; empty: there was none
  int attempts = 0;        ///< it has had, snoozes not counted
};

}  // namespace aftercommit
