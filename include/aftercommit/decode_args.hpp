/// The arguments of a job as the declared types: what JSON cannot give them without a loss is refused, by its
/// place.
#pragma once

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <new>
#include <nlohmann/json.hpp>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/export.hpp"
#include "aftercommit/task_types.hpp"

namespace aftercommit::detail {

/// Arguments in a job that the task's declaration cannot take.
struct AFTERCOMMIT_EXPORT BadArguments : Error {
  using Error::Error;
};

/// Where a value stands within an argument; costs nothing until it is told.
struct JsonPlace {
  const JsonPlace* outer = nullptr;  // not owned, outlives this, as does `key`; null: the argument itself
  std::size_t index = 0;             // of the argument or element, from 0; unused for a member
  const std::string* key = nullptr;  // of the member, if it is one; of an argument the task's name
};

/// In place of an argument's index: what a task has returned.
inline constexpr std::size_t kPlaceOfResult = static_cast<std::size_t>(-1);

/// Throws BadArguments: the place, the value and what was expected.
[[noreturn]] void throw_bad_value(const JsonPlace& place, const nlohmann::json& value,
                                  const std::string& expected);

/// Throws BadArguments for what an application's conversion, or nlohmann's, has thrown.
[[noreturn]] void throw_not_converted(const JsonPlace& place, const std::exception& error);

/// Throws BadArguments if a number of `given` has become another one in `taken`, the JSON of what was made of
/// it. Only numbers are compared, and bools that became one: nlohmann's conversions refuse what else does not
/// suit.
void require_same_numbers(const JsonPlace& place, const nlohmann::json& given, const nlohmann::json& taken);

/// Whether it holds a number or a bool, at any depth.
bool holds_number(const nlohmann::json& value);

template <class T>
T decode_value(const nlohmann::json& json, const JsonPlace& place);

template <class T>
T decode_array(const nlohmann::json& json, const JsonPlace& place, std::size_t size) {
  if (!json.is_array()) throw_bad_value(place, json, "an array");
  if (json.size() != size) throw_bad_value(place, json, "an array of " + std::to_string(size));
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return T{decode_value<std::tuple_element_t<I, T>>(json[I], JsonPlace{&place, I})...};
  }
  (std::make_index_sequence<std::tuple_size_v<T>>{});
}

template <class T>
T decode_map(const nlohmann::json& json, const JsonPlace& place) {
  T map;
  const auto add = [&](const JsonPlace& at, auto&& key, auto&& value) {
    const auto before = map.size();
    map.emplace(std::forward<decltype(key)>(key), std::forward<decltype(value)>(value));
    if (map.size() == before) throw_bad_value(at, json, "a map with each key once");
  };
  if constexpr (kIsObject<T>) {
    if (!json.is_object()) throw_bad_value(place, json, "an object");
    for (const auto& [key, member] : json.template get_ref<const nlohmann::json::object_t&>()) {
      const JsonPlace at{&place, 0, &key};
      add(at, typename T::key_type(key), decode_value<typename T::mapped_type>(member, at));
    }
  } else {
    if (!json.is_array()) throw_bad_value(place, json, "an array of pairs");
    for (std::size_t i = 0; i < json.size(); ++i) {
      const JsonPlace at{&place, i};
      auto entry = decode_array<std::pair<typename T::key_type, typename T::mapped_type>>(json[i], at, 2);
      add(at, std::move(entry.first), std::move(entry.second));
    }
  }
  return map;
}

template <class T>
T decode_elements(const nlohmann::json& json, const JsonPlace& place) {
  if (!json.is_array()) throw_bad_value(place, json, "an array");
  T elements;
  if constexpr (requires { elements.reserve(json.size()); }) elements.reserve(json.size());
  if constexpr (requires { elements.before_begin(); }) {
    auto last = elements.before_begin();
    for (std::size_t i = 0; i < json.size(); ++i) {
      last = elements.insert_after(last, decode_value<typename T::value_type>(json[i], JsonPlace{&place, i}));
    }
  } else {
    for (std::size_t i = 0; i < json.size(); ++i) {
      elements.insert(elements.end(), decode_value<typename T::value_type>(json[i], JsonPlace{&place, i}));
    }
  }
  return elements;
}

/// By nlohmann's conversion or one of the application's own.  Of these nobody can see from outside which
/// numbers they read as what, so the result is turned into JSON again, and compared.
template <class T>
T decode_whole(const nlohmann::json& json, const JsonPlace& place) {
  if constexpr (!kDecodes<T>) {
    static_assert(kDecodes<T>,
                  "a parameter of this task cannot be made from JSON: give its type "
                  "NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Type, member, ...) in its own namespace, or the "
                  "functions to_json "
                  "and from_json, and a default constructor");
  } else {
    const auto get = [&] {
      try {
        return json.template get<T>();
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception& error) {
        throw_not_converted(place, error);
      }
    };
    T value = get();
    if constexpr (kEncodes<T> && !std::same_as<T, bool> && !std::convertible_to<T, std::string> &&
                  !std::same_as<T, nlohmann::json>) {
      if (holds_number(json)) require_same_numbers(place, json, nlohmann::json(value));
    }
    return value;
  }
}

/// nlohmann would turn 1.5 into 1, 300 into a char and true into 1 without a word; a job is worth a clear no.
template <class T>
T decode_value(const nlohmann::json& json, const JsonPlace& place) {
  if constexpr (kIsOptional<T>) {
    if (json.is_null()) return std::nullopt;
    return decode_value<typename T::value_type>(json, place);
  } else if constexpr (kIsPlainInteger<T>) {
    const bool valid = json.is_number_unsigned()
                           ? fits<T>(json.template get<std::uint64_t>())
                           : json.is_number_integer() && fits<T>(json.template get<std::int64_t>());
    if (!valid) throw_bad_value(place, json, "a whole number from " + integer_range<T>());
    return json.template get<T>();
  } else if constexpr (std::floating_point<T>) {
    if (!json.is_number()) throw_bad_value(place, json, "a number");
    const auto value = json.template get<T>();
    if (!std::isfinite(value)) throw_bad_value(place, json, "a number that its type can hold");
    return value;
  } else if constexpr (kIsPair<T> || kIsTuple<T>) {
    return decode_array<T>(json, place, std::tuple_size_v<T>);
  } else if constexpr (kIsArray<T>) {
    return decode_array<T>(json, place, std::tuple_size_v<T>);
  } else if constexpr (kIsMap<T>) {
    return decode_map<T>(json, place);
  } else if constexpr (kIsSequence<T> || kIsSet<T>) {
    return decode_elements<T>(json, place);
  } else {
    return decode_whole<T>(json, place);
  }
}

template <class T>
T decode_arg_at(const nlohmann::json& args, std::size_t index, const std::string& task) {
  static const nlohmann::json missing;  // null: only an optional argument may be left out
  return decode_value<T>(index < args.size() ? args[index] : missing, JsonPlace{nullptr, index, &task});
}

/// Throws BadArguments, naming `task`.  Trailing optional arguments may be missing, so that a task can grow
/// one between deploys.
template <class... Args>
std::tuple<Args...> decode_args(const nlohmann::json& args, const std::string& task) {
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
    throw BadArguments{"task '" + task + "' takes " + range + " arguments, the job has " +
                       std::to_string(args.size())};
  }
  return [&]<std::size_t... I>(std::index_sequence<I...>) {
    return std::tuple<Args...>{decode_arg_at<Args>(args, I, task)...};
  }
  (std::index_sequence_for<Args...>{});
}

}  // namespace aftercommit::detail
