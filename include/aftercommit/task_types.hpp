/// Which types the parameters of a task may have, and what is known of each.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <deque>
#include <forward_list>
#include <limits>
#include <list>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <type_traits>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace aftercommit::detail {

template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T>
inline constexpr bool kIsPair = false;
template <class First, class Second>
inline constexpr bool kIsPair<std::pair<First, Second>> = true;

template <class T>
inline constexpr bool kIsTuple = false;
template <class... Parts>
inline constexpr bool kIsTuple<std::tuple<Parts...>> = true;

template <class T>
inline constexpr bool kIsArray = false;
template <class T, std::size_t Size>
inline constexpr bool kIsArray<std::array<T, Size>> = true;

/// The standard's own containers alone: another one may have conversions of its own.
template <class T>
inline constexpr bool kIsSequence = false;
template <class T, class A>
inline constexpr bool kIsSequence<std::vector<T, A>> = true;
template <class T, class A>
inline constexpr bool kIsSequence<std::deque<T, A>> = true;
template <class T, class A>
inline constexpr bool kIsSequence<std::list<T, A>> = true;
template <class T, class A>
inline constexpr bool kIsSequence<std::forward_list<T, A>> = true;

template <class T>
inline constexpr bool kIsSet = false;
template <class T, class C, class A>
inline constexpr bool kIsSet<std::set<T, C, A>> = true;
template <class T, class C, class A>
inline constexpr bool kIsSet<std::multiset<T, C, A>> = true;
template <class T, class H, class E, class A>
inline constexpr bool kIsSet<std::unordered_set<T, H, E, A>> = true;
template <class T, class H, class E, class A>
inline constexpr bool kIsSet<std::unordered_multiset<T, H, E, A>> = true;

template <class T>
inline constexpr bool kIsMap = false;
template <class K, class T, class C, class A>
inline constexpr bool kIsMap<std::map<K, T, C, A>> = true;
template <class K, class T, class C, class A>
inline constexpr bool kIsMap<std::multimap<K, T, C, A>> = true;
template <class K, class T, class H, class E, class A>
inline constexpr bool kIsMap<std::unordered_map<K, T, H, E, A>> = true;
template <class K, class T, class H, class E, class A>
inline constexpr bool kIsMap<std::unordered_multimap<K, T, H, E, A>> = true;

/// A map whose keys are texts is an object in JSON, any other an array of pairs, as nlohmann's conversions
/// have it.
template <class T>
inline constexpr bool kIsObject = false;
template <class T>
requires kIsMap<T>
inline constexpr bool kIsObject<T> = std::is_constructible_v<std::string, typename T::key_type>;

/// Whether it has to be encoded part by part, since something in it is not as nlohmann's conversions would
/// have it: they know no std::optional, and take a pair of pairs that begin with texts for an object.
template <class T>
inline constexpr bool kEncodedByParts = kIsOptional<T> || kIsPair<T> || kIsTuple<T>;
template <class T>
requires(kIsArray<T> || kIsSequence<T> ||
         kIsSet<T>) inline constexpr bool kEncodedByParts<T> = kEncodedByParts<typename T::value_type>;
template <class T>
requires kIsMap<T>
inline constexpr bool kEncodedByParts<T> = !kIsObject<T> || kEncodedByParts<typename T::mapped_type>;

/// Whether it can become JSON.
template <class T>
inline constexpr bool kEncodes = std::is_constructible_v<nlohmann::json, const T&>;
template <class T>
inline constexpr bool kEncodes<std::optional<T>> = kEncodes<T>;
template <class First, class Second>
inline constexpr bool kEncodes<std::pair<First, Second>> = kEncodes<First>&& kEncodes<Second>;
template <class... Parts>
inline constexpr bool kEncodes<std::tuple<Parts...>> = (kEncodes<Parts> && ...);
template <class T>
requires(kIsArray<T> || kIsSequence<T> ||
         kIsSet<T>) inline constexpr bool kEncodes<T> = kEncodes<typename T::value_type>;
template <class T>
requires kIsMap<T>
inline constexpr bool kEncodes<T> = kEncodes<typename T::key_type> && kEncodes<typename T::mapped_type>;

template <class T>
concept GotFromJson = requires(const nlohmann::json& json) {
  json.template get<T>();
};

/// Whether it can be made from JSON.
template <class T>
inline constexpr bool kDecodes = GotFromJson<T>;
template <class T>
inline constexpr bool kDecodes<std::optional<T>> = kDecodes<T>;
template <class First, class Second>
inline constexpr bool kDecodes<std::pair<First, Second>> = kDecodes<First>&& kDecodes<Second>;
template <class... Parts>
inline constexpr bool kDecodes<std::tuple<Parts...>> = (kDecodes<Parts> && ...);
template <class T>
requires(kIsArray<T> || kIsSequence<T> ||
         kIsSet<T>) inline constexpr bool kDecodes<T> = kDecodes<typename T::value_type>;
template <class T>
requires kIsMap<T>
inline constexpr bool kDecodes<T> = kDecodes<typename T::key_type> && kDecodes<typename T::mapped_type>;

template <class T>
inline constexpr bool kIsPlainInteger = std::integral<T> && !std::same_as<T, bool>;

/// std::in_range, for character types too.
template <class To, class From>
constexpr bool fits(From value) {
  const To converted = static_cast<To>(value);
  return static_cast<From>(converted) == value && (converted < To{}) == (value < From{});
}

/// "-128 to 127"
template <class T>
std::string integer_range() {
  return std::to_string(std::numeric_limits<T>::min()) + " to " +
         std::to_string(std::numeric_limits<T>::max());
}

/// "cannot enqueue task 'x': argument 1 is 300, and ..."; `call` counts from 1 among many, or is 0.
[[noreturn]] void throw_call_flaw(const std::string& task, std::size_t call, std::size_t position,
                                  const std::string& text);

}  // namespace aftercommit::detail
