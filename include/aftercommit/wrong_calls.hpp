/// Overloads for calls that are wrong in a way which would leave the compiler with "no matching function":
/// they take what was written, and say what is wrong with it.
#pragma once

#include <concepts>
#include <cstddef>
#include <initializer_list>
#include <optional>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/call_checks.hpp"
#include "aftercommit/delivery.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/task_call.hpp"

namespace aftercommit::detail {

/// Made of whatever was written in a place, braces included.
struct Anything {
  Anything();
  template <class Given>
  Anything(const Given&);
  Anything(std::initializer_list<Anything>);
};

/// The same for an argument: where the call comes to this, it is braces that were written, here or for
/// another one.
template <std::size_t Position, class Declared>
struct AnyArgument {
  AnyArgument() { refuse_braces<Position, Declared>(); }
  template <class Given>
  AnyArgument(const Given&) {}
  AnyArgument(std::initializer_list<Anything>) { refuse_braces<Position, Declared>(); }
};

/// One call among many of which one is wrong.
template <class Positions, class... Args>
struct AnyCall;
template <std::size_t... I, class... Args>
struct AnyCall<std::index_sequence<I...>, Args...> {
  template <class... Given>
  AnyCall(const Given&...) {
    check_one_of_many<std::tuple<Args...>, const Given&...>();
  }
  AnyCall(const AnyArgument<I + 1, Args>&...) requires(sizeof...(Args) > 0);
};

#define AFTERCOMMIT_ANY_OPTION(Any, option, words)                                     \
  struct Any {                                                                         \
    Any() = default;                                                                   \
    template <class Given>                                                             \
    Any(const Given&) {                                                                \
      static_assert(std::convertible_to<const Given&, decltype(CallOptions::option)>,  \
                    "the option " #option " of this call is of a wrong type: " words); \
    }                                                                                  \
  }

AFTERCOMMIT_ANY_OPTION(AnyCountdown, countdown, "it is a length of time with its unit, as 5s or 200ms");
AFTERCOMMIT_ANY_OPTION(AnyEta, eta, "it is a std::chrono::system_clock::time_point");
AFTERCOMMIT_ANY_OPTION(AnyQueue, queue, "it is a name, as \"mail\"");
AFTERCOMMIT_ANY_OPTION(AnyMaxRetries, max_retries, "it is a whole number");
AFTERCOMMIT_ANY_OPTION(AnyRetryFor, retry_for, "it is a length of time with its unit, as 1h or 30min");
AFTERCOMMIT_ANY_OPTION(AnyExpires, expires, "it is a length of time with its unit, as 5s or 200ms");
AFTERCOMMIT_ANY_OPTION(AnyDelivery, delivery, "it is an aftercommit::Delivery");
AFTERCOMMIT_ANY_OPTION(AnyDatabase, database, "it is the alias of a database, as \"reports\"");
AFTERCOMMIT_ANY_OPTION(AnyTransaction, transaction, "it is the address of a Transaction, as &tx");
AFTERCOMMIT_ANY_OPTION(AnyPriority, priority, "it is an aftercommit::Priority");
AFTERCOMMIT_ANY_OPTION(AnyUnique, unique, "it is an aftercommit::Unique, as Unique{.for_ = 1h}");

#undef AFTERCOMMIT_ANY_OPTION

/// Options by the names that CallOptions has, of which one is of a wrong type.
struct AnyOptions {
  AnyCountdown countdown{};
  AnyEta eta{};
  AnyQueue queue{};
  AnyMaxRetries max_retries{};
  std::optional<Backoff> backoff{};
  AnyRetryFor retry_for{};
  AnyExpires expires{};
  AnyDelivery delivery{};
  AnyDatabase database{};
  AnyTransaction transaction{};
  AnyPriority priority{};
  Headers headers{};
  AnyUnique unique{};
};

template <class Given>
concept IsNoOptions = !std::convertible_to<Given, const CallOptions&>;
template <class Given, class... Args>
concept IsNoCalls =
    !TaskCallsOf<Given, Args...> && !std::convertible_to<Given, const std::vector<TaskCall<Args...>>&>;
template <class Given, class... Args>
concept IsNoBody = !TaskBody<Given, Args...>;

/// The base of a Task.  Each loses to every overload of the task itself that the call suits: by a conversion
/// where that one has none, or as a template where that one is none.  Those without a body are refused by
/// what they take.
template <class Positions, class... Args>
class WrongCalls;
template <std::size_t... I, class... Args>
class WrongCalls<std::index_sequence<I...>, Args...> {
  static constexpr bool kSome = sizeof...(Args) > 0;
  using AnyCalls = std::vector<AnyCall<std::index_sequence<I...>, Args...>>;
  template <class>
  using AnyFor = Anything;

 public:
  // Where one takes `const T&`, that of the task takes T&& or T: by the same parameters it would be hidden.

  // --- delay

  template <class... Rest>
  JobId delay(const CallOptions&, Rest&&...) const {
    static_assert(kNever<Rest...>,
                  "delay() takes no options, the first argument here: apply_async does, "
                  "task.apply_async({.countdown = 5s}, 42)");
    return JobId::generate();
  }
  JobId delay(const AnyArgument<I + 1, Args>&...) const requires kSome;

  // --- apply_async

  template <class Never = void>
  JobId apply_async() const {
    return options_first<Never>();
  }
  template <IsNoOptions First, class... Rest>
  JobId apply_async(First&&, Rest&&...) const {
    return options_first<First>();
  }
  // In braces they are found only where the number of arguments before them is given: any up to three, and
  // the right one.
  template <IsNoOptions A>
  JobId apply_async(A&&, const CallOptions&) const {
    return options_first<A>();
  }
  template <IsNoOptions A, class B>
  JobId apply_async(A&&, B&&, const CallOptions&) const {
    return options_first<A>();
  }
  template <IsNoOptions A, class B, class C>
  JobId apply_async(A&&, B&&, C&&, const CallOptions&) const {
    return options_first<A>();
  }
  template <class Never = void>
  JobId apply_async(const AnyFor<Args>&..., const CallOptions&) const requires kSome {
    return options_first<Never>();
  }
  JobId apply_async(const AnyArgument<I + 1, Args>&...) const requires kSome;
  JobId apply_async(const CallOptions&, const AnyArgument<I + 1, Args>&...) const requires kSome;
  template <class = void>
  JobId apply_async(const AnyOptions&, const AnyArgument<I + 1, Args>&...) const requires kSome;

  // --- delay_many

  template <class = void>
  std::vector<JobId> delay_many(const AnyCalls&) const;
  template <IsNoCalls<Args...> Given>
  std::vector<JobId> delay_many(const Given&) const {
    check_many<std::tuple<Args...>, const Given&>();
    return {};
  }
  template <class Never = void>
  std::vector<JobId> delay_many(const CallOptions&, const Anything&) const {
    return no_options<Never>();
  }
  template <class Never = void>
  std::vector<JobId> delay_many(const Anything&, const CallOptions&) const {
    return no_options<Never>();
  }

  // --- apply_async_many

  template <class = void>
  std::vector<JobId> apply_async_many(const CallOptions&, const AnyCalls&) const;
  template <IsNoCalls<Args...> Given>
  std::vector<JobId> apply_async_many(const CallOptions&, const Given&) const requires IsNoOptions<Given> {
    check_many<std::tuple<Args...>, const Given&>();
    return {};
  }
  template <class = void>
  std::vector<JobId> apply_async_many(const AnyOptions&, const std::vector<TaskCall<Args...>>&) const;
  template <class Never = void>
  std::vector<JobId> apply_async_many(const Anything&, const CallOptions&) const {
    return many_options_first<Never>();
  }
  template <class Never = void>
  std::vector<JobId> apply_async_many(const Anything&) const {
    return many_options_first<Never>();
  }

  // --- run

  template <IsNoBody<Args...> Body>
  void run(const Body&) const {
    check_body<Body, Args...>();
  }

 private:
  template <class Never>
  static JobId options_first() {
    static_assert(kNever<Never>,
                  "the options of a call come first, task.apply_async({.countdown = 5s}, 42); without any it "
                  "is task.delay(42)");
    return JobId::generate();
  }
  template <class Never>
  static std::vector<JobId> many_options_first() {
    static_assert(kNever<Never>,
                  "the options of many calls come first, task.apply_async_many({.countdown = 5s}, {{1}, "
                  "{2}}); without any "
                  "it is task.delay_many({{1}, {2}})");
    return {};
  }
  template <class Never>
  static std::vector<JobId> no_options() {
    static_assert(kNever<Never>,
                  "delay_many() takes no options: apply_async_many does, "
                  "task.apply_async_many({.countdown = 5s}, {{1}, {2}})");
    return {};
  }
};

}  // namespace aftercommit::detail
