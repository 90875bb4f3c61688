/// What the value of a field may be: its type and its limits, the same for writing and for reading.
#pragma once

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>

#include "aftercommit/headers.hpp"
#include "aftercommit/job_id.hpp"
#include "aftercommit/priority.hpp"
#include "base/json/json_fields.hpp"
#include "base/json/json_limits.hpp"

/// Each form has three functions.  type() is its word in docs/wire-format.md.  write() appends a value; for
/// one that read() would refuse it throws PayloadError, naming the field.  read() takes the value of a field,
/// or notes with the others what is wrong; where the field is missing as well.
namespace aftercommit::fields {

struct Uuid {
  static constexpr std::string_view type() { return "string"; }
  static void write(std::string& out, std::string_view name, const JobId& id);
  static void read(JsonFields& in, std::string_view name, JobId& id);
};

/// See valid_name.
struct Name {
  static constexpr std::string_view type() { return "string"; }
  static void write(std::string& out, std::string_view name, std::string_view value);
  static void read(JsonFields& in, std::string_view name, std::string& value) { value = in.name(name); }
};

struct Text {
  static constexpr std::string_view type() { return "string"; }
  static void write(std::string& out, std::string_view name, std::string_view text);
  static void read(JsonFields& in, std::string_view name, std::string& text) { text = in.text(name); }
};

struct Flag {
  static constexpr std::string_view type() { return "boolean"; }
  static void write(std::string& out, std::string_view /*name*/, bool value) {
    out += value ? "true" : "false";
  }
  static void read(JsonFields& in, std::string_view name, bool& value) { value = in.boolean(name); }
};

struct Whole {
  std::int64_t min;
  std::int64_t max;
  std::int64_t absent = 0;  ///< what it means to leave the field out, of a value that is no optional

  static constexpr std::string_view type() { return "integer"; }
  void write(std::string& out, std::string_view name, std::int64_t value) const;
  template <class Value>
  void read(JsonFields& in, std::string_view name, Value& value) const {
    value = static_cast<int>(in.integer(name, min, max));
  }
};

/// As a number from 0, the most urgent, to 3.
struct Level {
  Priority absent;  ///< as Whole::absent

  static constexpr std::string_view type() { return "integer"; }
  static void write(std::string& out, std::string_view name, Priority level);
  static void read(JsonFields& in, std::string_view name, Priority& level) {
    level = static_cast<Priority>(in.integer(name, kMost.min, kMost.max));
  }

 private:
  static constexpr Whole kMost{0, 3};
};

/// A length of time.
struct Wait {
  std::chrono::milliseconds absent{-1};  ///< as Whole::absent; by default none

  static constexpr std::string_view type() { return "integer"; }
  static void write(std::string& out, std::string_view name, std::chrono::milliseconds wait);
  template <class Value>
  static void read(JsonFields& in, std::string_view name, Value& wait) {
    wait = in.wait(name);
  }
};

struct Number {
  double min;
  double max;
  std::string_view rule;  ///< both in words, as a noun with its article

  static constexpr std::string_view type() { return "number"; }
  void write(std::string& out, std::string_view name, double number) const;
  void read(JsonFields& in, std::string_view name, double& number) const {
    number = in.number(name, min, max, rule);
  }
};

/// An instant, to the millisecond.
struct Time {
  static constexpr std::string_view type() { return "time"; }
  static void write(std::string& out, std::string_view name, std::chrono::system_clock::time_point time);
  template <class Value>
  static void read(JsonFields& in, std::string_view name, Value& time) {
    time = in.time(name);
  }
};

/// Any JSON, or any array.
struct Tree {
  JsonLimits limits;
  bool array = false;

  constexpr std::string_view type() const { return array ? "array" : "any"; }
  void write(std::string& out, std::string_view name, const nlohmann::json& tree) const;
  void read(JsonFields& in, std::string_view name, nlohmann::json& tree) const;
};

/// An object of texts, within the rules of Headers.
struct HeaderMap {
  static constexpr std::string_view type() { return "object"; }
  static void write(std::string& out, std::string_view name, const Headers& headers);
  static void read(JsonFields& in, std::string_view name, Headers& headers);
};

[[noreturn]] void refuse(std::string_view name, std::string_view expected);  ///< throws PayloadError

/// One of some words.
template <class Enum, std::size_t kCount>
class Word {
 public:
  using List = std::array<std::pair<Enum, std::string_view>, kCount>;

  /// `list` outlives this; `rule` is all of it, as a noun with its article.
  constexpr Word(const List& list, std::string_view rule) : list_{&list}, rule_{rule} {}

  static constexpr std::string_view type() { return "string"; }
  void write(std::string& out, std::string_view name, Enum value) const {
    const auto known = std::ranges::find(*list_, value, &List::value_type::first);
    if (known == list_->end()) refuse(name, rule_);
    out.append(1, '"').append(known->second).append(1, '"');
  }
  void read(JsonFields& in, std::string_view name, Enum& value) const {
    const auto known = std::ranges::find(*list_, in.text(name), &List::value_type::second);
    if (known != list_->end()) {
      value = known->first;
    } else {
      in.reject(name, rule_);
    }
  }

 private:
  const List* list_;  // not owned
  std::string_view rule_;
};

}  // namespace aftercommit::fields
