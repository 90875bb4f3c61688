/// A field of an object of the wire format, declared once: a table of such rows is what the object is
/// written, read and documented by.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/json/json_fields.hpp"
#include "base/json/json_key.hpp"
#include "base/json/json_limits.hpp"
#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"
#include "broker/envelope/field_forms.hpp"

namespace aftercommit::fields {

enum class Presence : std::uint8_t {
  kRequired,
  kDefaulted,  ///< written always; a reader fills in what is missing
  kOptional,   ///< left out where nothing is set
};

/// What workers write must not push a job over the limit that its producer had.
enum class WrittenBy : std::uint8_t { kProducer, kWorker };

/// A field that is kept in one member of `Owner`.
template <class Owner, class Value, class Form>
struct Field {
  constexpr Field(std::string_view name, Value Owner::*place, Form kind, Presence when = Presence::kOptional,
                  WrittenBy who = WrittenBy::kProducer)
      : key{name}, member{place}, form{kind}, presence{when}, writer{who} {}

  constexpr std::string_view type() const { return form.type(); }

  bool is_set(const Owner& owner) const {
    const Value& value = owner.*member;
    if constexpr (std::same_as<Value, bool>) {
      return value;
    } else if constexpr (std::same_as<Value, nlohmann::json>) {
      return !value.is_null();
    } else if constexpr (requires { value.has_value(); }) {
      return value.has_value();
    } else if constexpr (requires { value.empty(); }) {
      return !value.empty();
    } else if constexpr (requires { form.absent; }) {
      return value != form.absent;
    } else {
      return true;
    }
  }

  void write(std::string& out, const Owner& owner) const {
    if (presence == Presence::kOptional && !is_set(owner)) return;
    out += key.text();
    const Value& value = owner.*member;
    if constexpr (requires { value.has_value(); }) {
      form.write(out, key.name(), *value);
    } else {
      form.write(out, key.name(), value);
    }
  }

  /// False where the field is missing and need not be there.
  bool read(JsonFields& in, Owner& owner) const {
    if (presence != Presence::kRequired && !in.has(key.name())) return false;
    form.read(in, key.name(), owner.*member);
    return true;
  }

  JsonKey key;
  Value Owner::*member;
  Form form;
  Presence presence;
  WrittenBy writer;
};

/// The version of the object, its first field.
struct Version {
  explicit constexpr Version(int number) : form{number, number} {}

  static constexpr std::string_view type() { return Whole::type(); }
  template <class Owner>
  bool is_set(const Owner& /*owner*/) const {
    return true;
  }
  template <class Owner>
  void write(std::string& out, const Owner& /*owner*/) const {
    out += key.text();
    append_json_integer(out, form.min);
  }
  template <class Owner>
  bool read(JsonFields& in, Owner& /*owner*/) const {
    in.integer(key.name(), form.min, form.max);
    return true;
  }

  JsonKey key{"v"};
  Whole form;
  Presence presence = Presence::kRequired;
  WrittenBy writer = WrittenBy::kProducer;
};

template <class... Rows>
bool knows(const std::tuple<Rows...>& table, std::string_view name) {
  return std::apply([&](const Rows&... row) { return ((row.key.name() == name) || ...); }, table);
}

/// The key of the field that is kept in `member`; without one it does not compile.
template <class Value, class Owner, class... Rows>
consteval JsonKey key_of(Value Owner::*member, const std::tuple<Rows...>& table) {
  const JsonKey* found = nullptr;
  const auto look_at = [&](const auto& row) {
    if constexpr (requires { row.member == member; }) {
      if (row.member == member) found = &row.key;
    }
  };
  std::apply([&](const Rows&... row) { (look_at(row), ...); }, table);
  return *found;
}

/// Appends the fields, each with a comma before it.
template <class Owner, class... Rows>
void write_fields(std::string& out, const std::tuple<Rows...>& table, const Owner& owner) {
  std::apply([&](const Rows&... row) { (row.write(out, owner), ...); }, table);
}

/// Appends an object: its fields, then those that this program does not know, within `limits` each.
template <class Owner, class... Rows>
void write_object(std::string& out, const std::tuple<Rows...>& table, const Owner& owner,
                  const nlohmann::json& unknown, JsonLimits limits) {
  const auto start = out.size();
  write_fields(out, table, owner);
  if (!unknown.is_null()) {
    if (!unknown.is_object()) refuse("unknown", "an object");
    for (const auto& [name, value] : unknown.get_ref<const nlohmann::json::object_t&>()) {
      if (knows(table, name)) refuse(name, "an unknown field");
      out += ',';
      append_json_string(out, name);
      out += ':';
      Tree{limits}.write(out, clean_text(name, kNameLimit), value);
    }
  }
  out[start] = '{';  // where the first comma was
  out += '}';
}

/// Reads the fields in their order; says how many there were.
template <class Owner, class... Rows>
std::size_t read_fields(JsonFields& in, const std::tuple<Rows...>& table, Owner& owner) {
  std::size_t found = 0;
  std::apply([&](const Rows&... row) { ((found += row.read(in, owner) ? 1U : 0U), ...); }, table);
  return found;
}

/// Reads the fields of `object`, of which `in` is; those that this program does not know are moved to
/// `unknown`, which stays null where there are none.
template <class Owner, class... Rows>
void read_object(JsonFields& in, nlohmann::json& object, const std::tuple<Rows...>& table, Owner& owner,
                 nlohmann::json& unknown) {
  if (read_fields(in, table, owner) == object.size()) return;
  for (auto& [name, value] : object.get_ref<nlohmann::json::object_t&>()) {
    if (!knows(table, name)) unknown[name] = std::move(value);
  }
}

}  // namespace aftercommit::fields
