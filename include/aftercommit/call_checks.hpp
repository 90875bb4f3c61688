/// What the compiler says of a task that is used wrongly: a sentence for each mistake, with the place of the
/// argument.  Nothing here is compiled for a use that is right.
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <ranges>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aftercommit/delivery.hpp"
#include "aftercommit/job.hpp"
#include "aftercommit/task_args.hpp"
#include "aftercommit/task_types.hpp"

namespace aftercommit::detail {

/// False, and found so only where a template that asserts it is used.
template <class...>
inline constexpr bool kNever = false;

// The words of an assertion are a literal, so each position needs one of its own.
#define AFTERCOMMIT_EACH_POSITION(ASSERT) \
  ASSERT(1)                               \
  ASSERT(2)                               \
  ASSERT(3)                               \
  ASSERT(4)                               \
  ASSERT(5)                               \
  ASSERT(6)                               \
  ASSERT(7)                               \
  ASSERT(8)                               \
  ASSERT(9)                               \
  ASSERT(10)                              \
  ASSERT(11)                              \
  ASSERT(12)                              \
  ASSERT(13)                              \
  ASSERT(14)                              \
  ASSERT(15)                              \
  ASSERT(16)
#define AFTERCOMMIT_ASSERT_ARGUMENT(N)                                                              \
  static_assert(Position != N || kTaken, "argument " #N                                             \
                                         " of this call is not of the type that the task declares " \
                                         "for it: convert it, from Given to Declared");
#define AFTERCOMMIT_ASSERT_PART(N)                                                            \
  static_assert(Position != N || kTaken,                                                      \
                "argument " #N                                                                \
                " of these tuples is not exactly of the type that the task declares for it, " \
                "as it has to be in a tuple: make it Declared");
#define AFTERCOMMIT_ASSERT_BRACES(N)               \
  static_assert(Position != N || kNever<Declared>, \
                "argument " #N                     \
                " of this call is in braces, which have no type: write Declared in front of them");
#define AFTERCOMMIT_ASSERT_PARAMETER(N)                                                                    \
  static_assert(Position != N || kTaken, "argument " #N                                                    \
                                         " of the task does not go into the parameter that this body has " \
                                         "for it: let that be Declared, or const Declared&");
// Beyond them the compiler's own words say which: it names the template with its arguments.
#define AFTERCOMMIT_LAST_POSITION 16

/// `Position` counts from 1, here and below.
template <std::size_t Position, class Given, class Declared>
constexpr void check_argument() {
  constexpr bool kTaken = kConvertsFaithfully<Given, Declared>;
  AFTERCOMMIT_EACH_POSITION(AFTERCOMMIT_ASSERT_ARGUMENT)
  static_assert(
      Position <= AFTERCOMMIT_LAST_POSITION || kTaken,
      "an argument of this call is not of the type that the task declares for it: convert the one at "
      "Position, from Given to Declared");
}

/// Of a call that is given as a tuple.
template <std::size_t Position, class Given, class Declared>
constexpr void check_part() {
  constexpr bool kTaken = std::same_as<Given, Declared>;
  AFTERCOMMIT_EACH_POSITION(AFTERCOMMIT_ASSERT_PART)
  static_assert(Position <= AFTERCOMMIT_LAST_POSITION || kTaken,
                "an argument of these tuples is not exactly of the type that the task declares for it, as it "
                "has to be in a tuple: make the one at Position Declared");
}

template <std::size_t Position, class Declared>
constexpr void refuse_braces() {
  AFTERCOMMIT_EACH_POSITION(AFTERCOMMIT_ASSERT_BRACES)
  static_assert(
      Position <= AFTERCOMMIT_LAST_POSITION || kNever<Declared>,
      "an argument of this call is in braces, which have no type: write Declared in front of that at "
      "Position");
}

/// Of a body, Job& not counted.
template <std::size_t Position, class Parameter, class Declared>
constexpr void check_parameter() {
  constexpr bool kTaken = std::is_convertible_v<const Declared&, Parameter>;
  AFTERCOMMIT_EACH_POSITION(AFTERCOMMIT_ASSERT_PARAMETER)
  static_assert(
      Position <= AFTERCOMMIT_LAST_POSITION || kTaken,
      "an argument of the task does not go into the parameter that this body has for it: let the one at "
      "Position be Declared, or const Declared&");
}

#undef AFTERCOMMIT_EACH_POSITION
#undef AFTERCOMMIT_ASSERT_ARGUMENT
#undef AFTERCOMMIT_ASSERT_PART
#undef AFTERCOMMIT_ASSERT_BRACES
#undef AFTERCOMMIT_ASSERT_PARAMETER
#undef AFTERCOMMIT_LAST_POSITION

/// A call with arguments of these types.
template <class Tuple, class... Given>
struct CheckCall;
template <class... Args, class... Given>
struct CheckCall<std::tuple<Args...>, Given...> {
  static constexpr void check() {
    constexpr bool kOptions = (std::same_as<std::remove_cvref_t<Given>, CallOptions> || ...);
    static_assert(!kOptions,
                  "the options of a call come first, and apply_async takes them: "
                  "task.apply_async({.countdown = 5s}, 42)");
    if constexpr (!kOptions) {
      static_assert(sizeof...(Given) >= sizeof...(Args),
                    "this call gives the task fewer arguments than it declares");
      static_assert(sizeof...(Given) <= sizeof...(Args),
                    "this call gives the task more arguments than it declares");
      if constexpr (sizeof...(Given) == sizeof...(Args)) {
        [&]<std::size_t... I>(std::index_sequence<I...>) { (check_argument<I + 1, Given, Args>(), ...); }
        (std::index_sequence_for<Args...>{});
      }
    }
  }
};

/// One call among many that is given as a tuple.
template <class Tuple, class Given>
struct CheckTuple;
template <class... Args, class... Parts>
struct CheckTuple<std::tuple<Args...>, std::tuple<Parts...>> {
  static constexpr void check() {
    static_assert(
        sizeof...(Parts) == sizeof...(Args),
        "a tuple among many calls has as many parts as the task declares arguments, and this one has "
        "another number");
    if constexpr (sizeof...(Parts) == sizeof...(Args)) {
      [&]<std::size_t... I>(std::index_sequence<I...>) { (check_part<I + 1, Parts, Args>(), ...); }
      (std::index_sequence_for<Args...>{});
    }
  }
};

/// One call among many, as it is given.
template <class Tuple, class... Given>
constexpr void check_one_of_many() {
  if constexpr (sizeof...(Given) == 1 && (kIsTuple<std::remove_cvref_t<Given>> && ...)) {
    if constexpr (!kAccepts<Tuple, Given...>) CheckTuple<Tuple, std::remove_cvref_t<Given>...>::check();
  } else {
    CheckCall<Tuple, Given...>::check();
  }
}

/// What was given for all of the calls.
template <class Tuple, class Calls>
constexpr void check_many() {
  constexpr bool kRange = std::ranges::input_range<Calls>;
  static_assert(
      kRange,
      "many calls are braces in braces, task.delay_many({{1, \"a\"}, {2, \"b\"}}), or a range of tuples "
      "of exactly the types that the task declares");
  if constexpr (kRange) {
    using Element = std::ranges::range_reference_t<Calls>;
    constexpr bool kCall = std::tuple_size_v<Tuple> == 1 || kIsTuple<std::remove_cvref_t<Element>>;
    static_assert(
        kCall,
        "the elements of a range of calls are tuples of exactly the types that the task declares, and "
        "these are none");
    if constexpr (kCall) check_one_of_many<Tuple, Element>();
  }
}

/// A body whose parameters are known.
template <class Function, class... Args>
struct CheckBody;
template <class Result, class... Parameters, class... Args>
struct CheckBody<std::function<Result(Parameters...)>, Args...> {
  static constexpr void check() {
    static_assert(
        sizeof...(Parameters) >= sizeof...(Args),
        "this body has fewer parameters than the task declares arguments: it is called as body(args...) "
        "or body(job, args...)");
    static_assert(
        sizeof...(Parameters) <= sizeof...(Args),
        "this body has more parameters than the task declares arguments: it is called as body(args...) "
        "or body(job, args...), where job is a Job&");
    if constexpr (sizeof...(Parameters) == sizeof...(Args)) {
      [&]<std::size_t... I>(std::index_sequence<I...>) { (check_parameter<I + 1, Parameters, Args>(), ...); }
      (std::index_sequence_for<Args...>{});
    }
  }
};
template <class Result, class First, class... Parameters, class... Args>
requires std::is_convertible_v<Job&, First>
struct CheckBody<std::function<Result(First, Parameters...)>, Args...>
    : CheckBody<std::function<Result(Parameters...)>, Args...> {
};

template <class Body>
concept HasOneSignature = requires(Body body) {
  std::function{body};
};

/// What is to be a body and cannot.
template <class Body, class... Args>
constexpr void check_body() {
  if constexpr (std::invocable<Body&, Job&, const Args&...> || std::invocable<Body&, const Args&...>) {
    static_assert(
        kNever<Body>,
        "the body of a task runs in several threads at once, and is const there: a lambda may not be "
        "mutable, nor an operator() without const");
  } else if constexpr (HasOneSignature<Body>) {
    CheckBody<decltype(std::function{std::declval<Body&>()}), Args...>::check();
  } else {
    static_assert(
        kNever<Body>,
        "the body of a task is called as body(args...) or body(job, args...), each argument a const "
        "reference to the type that the task declares for it: this one cannot be called so");
  }
}

}  // namespace aftercommit::detail
