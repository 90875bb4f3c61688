/// The arguments of a task as a JSON array, by nlohmann's conversions, and back; numbers and bools strictly.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aftercommit/error.hpp"

namespace aftercommit::detail {

/// Arguments in a job that the task's declaration cannot take.
struct BadArguments : Error {
  using Error::Error;
};

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

/// Like std::convertible_to, without the conversions that quietly change a value's meaning: a fraction to an
/// integer, a pointer or a number to a bool, a bool to a number.
template <class From, class To>
inline constexpr bool kConvertsFaithfully =
    std::convertible_to<From, To> &&
    !(std::floating_point<std::remove_cvref_t<From>> && std::integral<To>)&&(
        !std::is_arithmetic_v<To> || std::same_as<To, bool> == std::same_as<std::remove_cvref_t<From>, bool>);

/// An optional takes what its value takes, another optional of that, or nothing.
template <class From, class T>
inline constexpr bool kConvertsFaithfully<From, std::optional<T>> = kConvertsFaithfully<From, T>;
template <class From, class T>
requires kIsOptional<std::remove_cvref_t<From>>
inline constexpr bool kConvertsFaithfully<From, std::optional<T>> =
    kConvertsFaithfully<typename std::remove_cvref_t<From>::value_type, T>;
template <class From, class T>
requires std::same_as<std::remove_cvref_t<From>, std::nullopt_t>
inline constexpr bool kConvertsFaithfully<From, std::optional<T>> = true;

template <class Tuple, class... Given>
inline constexpr bool kAccepts = false;
template <class... Args, class... Given>
requires(sizeof...(Args) == sizeof...(Given)) inline constexpr bool kAccepts<std::tuple<Args...>, Given...> =
    (kConvertsFaithfully<Given, Args> && ...);

template <class Tuple, class... Given>
concept Accepts = kAccepts<Tuple, Given...>;

template <class T>
inline constexpr bool kIsPlainInteger = std::integral<T> && !std::same_as<T, bool>;

/// std::in_range, for character types too.
template <class To, class From>
constexpr bool fits(From value) {
  const To converted = static_cast<To>(value);
  return static_cast<From>(converted) == value && (converted < To{}) == (value < From{});
}

/// A given argument as the declared type; an integer that does not fit is an error, never another number.
template <class To, class From>
To convert(From&& value) {
  if constexpr (kIsOptional<To> && kIsOptional<std::remove_cvref_t<From>>) {
    if (!value) return std::nullopt;
    return convert<typename To::value_type>(*std::forward<From>(value));
  } else if constexpr (kIsOptional<To> && !std::same_as<std::remove_cvref_t<From>, std::nullopt_t>) {
    return convert<typename To::value_type>(std::forward<From>(value));
  }
  if constexpr (kIsPlainInteger<To> && kIsPlainInteger<std::remove_cvref_t<From>>) {
    if (!fits<To>(value)) {
      throw UsageError{"argument " + std::to_string(value) + " does not fit the task's declared type"};
    }
  }
  return static_cast<To>(std::forward<From>(value));
}

template <class T>
nlohmann::json encode_arg(const T& value) {
  if constexpr (kIsOptional<T>) {
    return value ? encode_arg(*value) : nlohmann::json{};
  } else {
    nlohmann::json json = value;
    return json;
  }
}

template <class... Args>
nlohmann::json encode_args(const Args&... args) {
  auto json = nlohmann::json::array();
  (json.push_back(encode_arg(args)), ...);
  return json;
}

/// nlohmann would turn 1.5 into 1, 300 into a char and true into 1 without a word; a job is worth a clear no.
/// Inside containers and types of the application's own, nlohmann's conversions decide.
template <class T>
T decode_arg(const nlohmann::json& json) {
  if constexpr (kIsOptional<T>) {
    if (json.is_null()) return std::nullopt;
    return decode_arg<typename T::value_type>(json);
  } else if constexpr (kIsPlainInteger<T>) {
    const bool valid = json.is_number_unsigned()
                           ? fits<T>(json.template get<std::uint64_t>())
                           : json.is_number_integer() && fits<T>(json.template get<std::int64_t>());
    if (!valid) throw BadArguments{"an integer that fits the declared type was expected"};
    return json.template get<T>();
  } else if constexpr (std::floating_point<T>) {
    if (!json.is_number()) throw BadArguments{"a number was expected"};
    return json.template get<T>();
  } else {
    return json.template get<T>();
  }
}

template <class T>
T decode_arg_at(const nlohmann::json& args, std::size_t index) {
  static const nlohmann::json missing;  // null: only an optional argument may be left out
  try {
    return decode_arg<T>(index < args.size() ? args[index] : missing);
  } catch (const std::exception& error) {
    throw BadArguments{"argument " + std::to_string(index + 1) + " does not convert: " + error.what()};
  }
}

/// Throws BadArguments.  Trailing optional arguments may be missing, so that a task can grow one between
/// deploys.
template <class... Args>
std::tuple<Args...> decode_args(const nlohmann::json& args) {
  constexpr std::size_t kMost = sizeof...(Args);
  constexpr std::size_t kLeast = [] {
    const bool optional[] = {kIsOptional<Args>..., false};  // one more, since an array cannot be empty
    std::size_t least = sizeof...(Args);
    while (least > 0 && optional[least - 1]) --least;
    return least;
  }();
  if (args.size() < kLeast || args.size() > kMost) {
    const auto range =
        kLeast == kMost ? std::to_string(kMost) : std::to_string(kLeast) + " to " + std::to_string(kMost);
    throw BadArguments{"the task takes " + range + " arguments, the job has " + std::to_string(args.size())};
  }
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<Args...>{decode_arg_at<Args>(args, I)...};
  }
  (std::index_sequence_for<Args...>{});
}

}  // namespace aftercommit::detail
