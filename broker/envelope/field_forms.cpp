#include "broker/envelope/field_forms.hpp"

#include <limits>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/json/json_parser.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"

namespace aftercommit::fields {

void refuse(std::string_view name, std::string_view expected) {
  throw PayloadError{"'" + std::string{name} + "' is not " + std::string{expected}};
}

void Uuid::write(std::string& out, std::string_view /*name*/, const JobId& id) {
  out.append(1, '"').append(id.str()).append(1, '"');
}

void Uuid::read(JsonFields& in, std::string_view name, JobId& id) {
  if (const auto known = JobId::parse(in.text(name))) {
    id = *known;
  } else {
    in.reject(name, "a UUID of 36 characters");
  }
}

void Name::write(std::string& out, std::string_view name, std::string_view value) {
  if (!valid_name(value)) refuse(name, kNameRule);
  out.append(1, '"').append(value).append(1, '"');
}

void Text::write(std::string& out, std::string_view /*name*/, std::string_view text) {
  append_json_string(out, text);
}

void Whole::write(std::string& out, std::string_view name, std::int64_t value) const {
  if (value < min || value > max) {
    refuse(name, "a whole number from " + std::to_string(min) + " to " + std::to_string(max));
  }
  append_json_integer(out, value);
}

void Level::write(std::string& out, std::string_view name, Priority level) {
  kMost.write(out, name, static_cast<std::int64_t>(level));
}

void Wait::write(std::string& out, std::string_view name, std::chrono::milliseconds wait) {
  Whole{0, std::numeric_limits<std::int64_t>::max()}.write(out, name, wait.count());
}

void Number::write(std::string& out, std::string_view name, double number) const {
  if (!(number >= min && number <= max)) refuse(name, rule);  // as NaN is not
  append_json_double(out, number);
}

void Time::write(std::string& out, std::string_view name, std::chrono::system_clock::time_point time) {
  const auto since_epoch = std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch());
  if (since_epoch.count() < 0) refuse(name, "a time after 1970");
  append_json_integer(out, since_epoch.count());
}

void Tree::write(std::string& out, std::string_view name, const nlohmann::json& tree) const {
  if (array && !tree.is_array()) refuse(name, "an array");
  try {
    append_json_value(out, tree, limits);
  } catch (const PayloadError& error) {
    throw PayloadError{"in '" + std::string{name} + "' " + error.what()};
  }
}

void Tree::read(JsonFields& in, std::string_view name, nlohmann::json& tree) const {
  auto* const found = array ? in.array(name) : in.find(name);
  if (found == nullptr) return;
  if (count_values(*found) > limits.values) {
    in.adopt("field '" + std::string{name} + "' holds more than " + std::to_string(limits.values) +
             " values");
  }
  tree = std::move(*found);
}

void HeaderMap::write(std::string& out, std::string_view /*name*/, const Headers& headers) {
  if (headers.empty()) {
    out += "{}";
    return;
  }
  char separator = '{';
  for (const auto& [header, value] : headers) {
    out += std::exchange(separator, ',');
    append_json_string(out, header);
    out += ':';
    append_json_string(out, value);
  }
  out += '}';
}

void HeaderMap::read(JsonFields& in, std::string_view name, Headers& headers) {
  const auto* const object = in.object(name);
  if (object == nullptr) return;
  for (const auto& [header, value] : object->get_ref<const nlohmann::json::object_t&>()) {
    if (!value.is_string()) {
      return in.adopt("field '" + std::string{name} + "' must be an object of texts, and '" +
                      clean_text(header, kNameLimit) + "' is none");
    }
    try {
      headers.set(header, value.get_ref<const std::string&>());
    } catch (const UsageError& error) {
      return in.adopt("field '" + std::string{name} + "' is not as it must be: " + error.what());
    }
  }
}

}  // namespace aftercommit::fields
