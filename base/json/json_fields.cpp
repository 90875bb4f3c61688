/// Checks of type and range, and the words for what is wrong.
#include "base/json/json_fields.hpp"

#include "base/text/text.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

constexpr std::size_t kEchoLimit = 40;  // bytes of foreign text in a reason

std::string describe(const json& value) {
  if (value.is_array()) return "an array";
  if (value.is_object()) return "an object";
  if (value.is_string())
    return "the text '" + clean_text(value.get_ref<const std::string&>(), kEchoLimit) + "'";
  return value.dump();  // null, a truth value or a number: short
}

/// True for a whole number in the range; one beyond int64 is in none.
bool is_integer(const json& value, std::int64_t min, std::int64_t max) {
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(INT64_MAX))
    return false;
  const auto number = value.get<std::int64_t>();
  return number >= min && number <= max;
}

}  // namespace

json* JsonFields::find(std::string_view field) {
  if (flaw_) return nullptr;
  const auto found = object_.find(field);
  return found == object_.end() ? nullptr : &*found;
}

std::string_view JsonFields::text(std::string_view field) {
  if (const json* const value = find(field); value && value->is_string())
    return value->get_ref<const std::string&>();
  reject(field, "a text");
  return {};
}

std::string_view JsonFields::name(std::string_view field) {
  if (const json* const value = find(field); value && value->is_string()) {
    if (const auto& name = value->get_ref<const std::string&>(); valid_name(name)) return name;
  }
  reject(field, kNameRule);
  return {};
}

bool JsonFields::boolean(std::string_view field) {
  if (const json* const value = find(field); value && value->is_boolean()) return value->get<bool>();
  reject(field, "true or false");
  return false;
}

std::int64_t JsonFields::integer(std::string_view field, std::int64_t min, std::int64_t max) {
  if (const json* const value = find(field); value && is_integer(*value, min, max))
    return value->get<std::int64_t>();
  reject(field, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  return 0;
}

double JsonFields::number(std::string_view field, double min, double max, std::string_view expected) {
  if (const json* const value = find(field); value && value->is_number()) {
    if (const auto number = value->get<double>(); number >= min && number <= max) return number;
  }
  reject(field, expected);
  return 0;
}

std::chrono::system_clock::time_point JsonFields::time(std::string_view field) {
  std::chrono::milliseconds since_epoch{0};
  if (const json* const value = find(field); value && is_integer(*value, 0, kLatestTimeMs)) {
    since_epoch = std::chrono::milliseconds{value->get<std::int64_t>()};
  } else {
    reject(field, "a time: whole milliseconds since 1970, up to the year 2262");
  }
  return std::chrono::system_clock::time_point{since_epoch};
}

std::chrono::milliseconds JsonFields::wait(std::string_view field) {
  return std::chrono::milliseconds{integer(field, 0)};
}

json* JsonFields::array(std::string_view field) {
  if (json* const value = find(field); value && value->is_array()) return value;
  reject(field, "an array");
  return nullptr;
}

json* JsonFields::object(std::string_view field) {
  if (json* const value = find(field); value && value->is_object()) return value;
  reject(field, "an object");
  return nullptr;
}

void JsonFields::reject(std::string_view field, std::string_view expected) {
  if (flaw_) return;
  const auto found = object_.find(field);
  std::string words = "field '" + path_ + std::string{field} + "' ";
  words += found == object_.end() ? "is missing; it must be " : "must be ";
  words += expected;
  if (found != object_.end()) words += ", not " + describe(*found);
  flaw_ = std::move(words);
}

void JsonFields::adopt(const std::optional<std::string>& flaw) {
  if (!flaw_) flaw_ = flaw;
}

}  // namespace aftercommit
