/// What the parameters of a task are in JSON, in words: for people, and for what is made for other languages.
#pragma once

#include <concepts>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "aftercommit/task_types.hpp"

namespace aftercommit::detail {

/// "integer", "number", "boolean", "text"; "optional X", "list of X", "map of X"; "value" for any JSON, as of
/// a type of the application's own.
template <class T>
std::string parameter_word() {
  if constexpr (std::same_as<T, bool>) {
    return "boolean";
  } else if constexpr (kIsPlainInteger<T>) {
    return "integer";
  } else if constexpr (std::floating_point<T>) {
    return "number";
  } else if constexpr (std::same_as<T, std::string>) {
    return "text";
  } else if constexpr (kIsOptional<T>) {
    return "optional " + parameter_word<typename T::value_type>();
  } else if constexpr (kIsMap<T> && kIsObject<T>) {
    return "map of " + parameter_word<typename T::mapped_type>();
  } else if constexpr (kIsArray<T> || kIsSequence<T> || kIsSet<T>) {
    return "list of " + parameter_word<typename T::value_type>();
  } else {
    return "value";
  }
}

/// Of Args..., or of the function type R(Args...).
template <class... Args>
struct ParameterWords {
  static std::vector<std::string> words() { return {parameter_word<Args>()...}; }
};
template <class R, class... Args>
struct ParameterWords<R(Args...)> : ParameterWords<std::remove_cvref_t<Args>...> {};

}  // namespace aftercommit::detail
