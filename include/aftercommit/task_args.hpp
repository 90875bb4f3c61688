/// The arguments of a call, checked against the declared types, and as the JSON array that a job carries.
#pragma once

#include <concepts>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aftercommit/task_types.hpp"

namespace aftercommit::detail {

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

template <class From, class To>
inline constexpr bool kPartsConvert = false;
template <template <class...> class Parts, class... From, class... To>
requires(sizeof...(From) == sizeof...(To)) inline constexpr bool kPartsConvert<Parts<From...>, Parts<To...>> =
    (kConvertsFaithfully<From, To> && ...);

/// A pair or tuple takes one of others, part by part.
template <class From, class First, class Second>
requires(
    !std::same_as<std::remove_cvref_t<From>, std::pair<First, Second>> &&
    kIsPair<std::remove_cvref_t<From>>) inline constexpr bool kConvertsFaithfully<From,
                                                                                  std::pair<First, Second>> =
    kPartsConvert<std::remove_cvref_t<From>, std::pair<First, Second>>;
template <class From, class... Parts>
requires(
    !std::same_as<std::remove_cvref_t<From>, std::tuple<Parts...>> &&
    kIsTuple<std::remove_cvref_t<From>>) inline constexpr bool kConvertsFaithfully<From,
                                                                                   std::tuple<Parts...>> =
    kPartsConvert<std::remove_cvref_t<From>, std::tuple<Parts...>>;

template <class Tuple, class... Given>
inline constexpr bool kAccepts = false;
template <class... Args, class... Given>
requires(sizeof...(Args) == sizeof...(Given)) inline constexpr bool kAccepts<std::tuple<Args...>, Given...> =
    (kConvertsFaithfully<Given, Args> && ...);

template <class Tuple, class... Given>
concept Accepts = kAccepts<Tuple, Given...>;

/// What is wrong with the values of a call, first things first; nothing is, while `text` is empty.
struct CallFlaw {
  std::size_t position = 0;  ///< of the argument, counted from 1
  std::string text{};
};

/// "is 300, and takes -128 to 127"
template <class To, class From>
std::string misfit(From value) {
  return "is " + std::to_string(value) + ", and its type takes " + integer_range<To>();
}

/// A given argument as the declared type.  An integer that does not fit is noted in `flaw`: what comes back
/// is then another number, and must not be used.
template <class To, class From>
To convert(From&& value, CallFlaw& flaw) {
  using Given = std::remove_cvref_t<From>;
  if constexpr (kIsOptional<To> && kIsOptional<Given>) {
    if (!value) return std::nullopt;
    return convert<typename To::value_type>(*std::forward<From>(value), flaw);
  } else if constexpr (kIsOptional<To> && !std::same_as<Given, std::nullopt_t>) {
    return convert<typename To::value_type>(std::forward<From>(value), flaw);
  } else if constexpr ((kIsPair<To> || kIsTuple<To>)&&!std::same_as<Given, To>) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
      return To{convert<std::tuple_element_t<I, To>>(std::get<I>(std::forward<From>(value)), flaw)...};
    }
    (std::make_index_sequence<std::tuple_size_v<To>>{});
  } else if constexpr (kIsPlainInteger<To> && kIsPlainInteger<Given>) {
    if (!fits<To>(value) && flaw.text.empty()) flaw.text = misfit<To>(value);
    return static_cast<To>(value);
  } else {
    return static_cast<To>(std::forward<From>(value));
  }
}

/// The same for argument `position` of a call.
template <class To, class From>
To convert_at(std::size_t position, From&& value, CallFlaw& flaw) {
  const bool sound = flaw.text.empty();
  To converted = convert<To>(std::forward<From>(value), flaw);
  if (sound && !flaw.text.empty()) flaw.position = position;
  return converted;
}

template <class... Args, class... Given>
std::tuple<Args...> convert_all(CallFlaw& flaw, Given&&... given) {
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<Args...>{convert_at<Args>(I + 1, std::forward<Given>(given), flaw)...};
  }
  (std::index_sequence_for<Args...>{});
}

/// Throws UsageError if there is one.  `call` counts from 1 among many; 0 if there is one alone.
inline void require_none(const CallFlaw& flaw, const std::string& task, std::size_t call = 0) {
  if (!flaw.text.empty()) [[unlikely]]
    throw_call_flaw(task, call, flaw.position, flaw.text);
}

template <class T>
nlohmann::json encode_arg(const T& value) {
  if constexpr (!kEncodes<T>) {
    static_assert(
        kEncodes<T>,
        "a parameter of this task cannot become JSON: give its type NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Type, "
        "member, ...) in its own namespace, or the functions to_json and from_json");
    return {};
  } else if constexpr (kIsOptional<T>) {
    return value ? encode_arg(*value) : nlohmann::json{};
  } else if constexpr (kEncodedByParts<T>) {
    auto json = nlohmann::json::array();
    if constexpr (kIsPair<T> || kIsTuple<T>) {
      std::apply([&](const auto&... parts) { (json.push_back(encode_arg(parts)), ...); }, value);
    } else if constexpr (kIsObject<T>) {
      json = nlohmann::json::object();
      for (const auto& [key, member] : value) json[key] = encode_arg(member);
    } else if constexpr (kIsMap<T>) {
      for (const auto& entry : value)
        json.push_back(nlohmann::json::array({encode_arg(entry.first), encode_arg(entry.second)}));
    } else {
      for (const auto& element : value) json.push_back(encode_arg(element));
    }
    return json;
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

}  // namespace aftercommit::detail
