/// Takes typed fields out of a parsed JSON object.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aftercommit {

/// The latest time a system_clock can hold is in 2262; a JSON time is 0 to this.
inline constexpr std::int64_t kLatestTimeMs = 9'223'372'036'854;

/// What valid_name asks for, in words.
inline constexpr std::string_view kNameRule = "a name of 1 to 64 characters out of a-z A-Z 0-9 _ . -";

/// The first flaw is kept and all later calls give empty values, so a reader takes its fields in a row and
/// looks at flaw() once, at the end.
class JsonFields {
 public:
  /// `path` is said before each field's name, as in "errors[3].attempt".
  explicit JsonFields(nlohmann::json& object, std::string path = {})
      : object_{object}, path_{std::move(path)} {}

  bool has(std::string_view field) const { return object_.contains(field); }
  nlohmann::json* find(std::string_view field);  ///< as it is; null where it is missing, or after a flaw

  std::string_view text(std::string_view field);  ///< a view of the object's own, as name() is
  std::string_view name(std::string_view field);
  bool boolean(std::string_view field);
  std::int64_t integer(std::string_view field, std::int64_t min,
                       std::int64_t max = std::numeric_limits<std::int64_t>::max());
  double number(std::string_view field, double min, double max, std::string_view expected);
  std::chrono::system_clock::time_point time(std::string_view field);
  std::chrono::milliseconds wait(std::string_view field);  ///< an integer, not negative
  nlohmann::json* array(std::string_view field);           ///< null after a flaw
  nlohmann::json* object(std::string_view field);          ///< null after a flaw

  /// Notes that `field` is not as `expected`, a noun with its article.
  void reject(std::string_view field, std::string_view expected);
  /// Takes over what was found elsewhere, such as in a nested object; nothing if there is nothing.
  void adopt(const std::optional<std::string>& flaw);

  /// "field 'attempt' must be a whole number from 1 to 1000000, not -3"
  const std::optional<std::string>& flaw() const noexcept { return flaw_; }

 private:
  nlohmann::json& object_;  // not owned, outlives this
  const std::string path_;
  std::optional<std::string> flaw_;
};

}  // namespace aftercommit
