/// A tree builder for nlohmann's event parser that checks each event before it makes a node.
#include "base/json/json_parser.hpp"

#include <array>
#include <cassert>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/text/text.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

/// Receives the parser's events (nlohmann's SAX interface); false stops the parser.
class BoundedBuilder {
 public:
  BoundedBuilder(std::string_view text, JsonLimits limits) : text_{text}, limits_{limits} {
    assert(limits.depth <= kJsonDepthMax);
  }

  bool null() { return add(nullptr); }
  bool boolean(bool value) { return add(value); }
  bool number_integer(std::int64_t value) { return add(value); }
  bool number_unsigned(std::uint64_t value) { return add(value); }
  bool number_float(double value, const std::string& digits) {
    // The parser turns to double where a whole number fits no 64 bits.
    if (digits.find_first_of(".eE") == std::string::npos) {
      return refuse("the whole number " + clean_text(digits, 40) + " does not fit 64 bits");
    }
    return add(value);
  }
  bool string(std::string& value) { return add(value); }
  bool binary(json::binary_t&) { return refuse("binary values are not JSON"); }

  bool start_object(std::size_t) { return open(json::value_t::object); }
  bool start_array(std::size_t) { return open(json::value_t::array); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const auto [member, added] = open_[depth_ - 1]->get_ref<json::object_t&>().try_emplace(name);
    if (!added) return refuse("the key '" + clean_text(name, 40) + "' stands twice in one object");
    member_ = &member->second;
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const json::exception& error) {
    constexpr int kNumberOverflow = 406;
    if (error.id == kNumberOverflow) {
      return refuse("the number at byte " + std::to_string(position) + " is too large for a double");
    }
    if (!valid_utf8(text_)) return refuse("the text is not JSON: it is not valid UTF-8");
    return refuse("the text is not JSON: it breaks off or goes wrong at byte " + std::to_string(position));
  }

  json& root() { return root_; }
  std::optional<std::string>& flaw() { return flaw_; }

 private:
  template <class Value>
  bool add(Value&& value) {
    return place(std::forward<Value>(value)) != nullptr;
  }

  bool open(json::value_t kind) {
    if (depth_ == static_cast<std::size_t>(limits_.depth)) {
      return refuse("arrays and objects are nested deeper than " + std::to_string(limits_.depth) + " levels");
    }
    json* const container = place(kind);
    if (container == nullptr) return false;
    open_[depth_++] = container;
    return true;
  }

  bool close() {
    --depth_;
    return true;
  }

  /// Puts a value where the text has it.  Addresses in open_ stay valid: a container grows only while none of
  /// its children is open.
  template <class Value>
  json* place(Value&& value) {
    if (depth_ == 0) {
      root_ = json(std::forward<Value>(value));
      return &root_;
    }
    if (++values_ > limits_.values) {
      refuse("there are more than " + std::to_string(limits_.values) + " values");
      return nullptr;
    }
    json& parent = *open_[depth_ - 1];
    if (parent.is_array()) return &parent.get_ref<json::array_t&>().emplace_back(std::forward<Value>(value));
    *member_ = json(std::forward<Value>(value));
    return member_;
  }

  bool refuse(std::string reason) {
    flaw_ = std::move(reason);
    return false;
  }

  const std::string_view text_;  // not owned; for the words of a reason alone
  const JsonLimits limits_;
  json root_;
  std::array<json*, kJsonDepthMax> open_{};  // the containers around the next value, outermost first
  std::size_t depth_ = 0;                    // how many of open_ are in use
  json* member_ = nullptr;                   // where the value of the last key goes
  std::size_t values_ = 0;
  std::optional<std::string> flaw_;
};

}  // namespace

std::size_t count_values(const json& value) noexcept {
  if (!value.is_structured()) return 0;
  std::size_t count = value.size();
  for (const json& child : value) count += count_values(child);
  return count;
}

std::variant<json, Malformed> parse_json(std::string_view text, JsonLimits limits) {
  // nlohmann's lexer takes a NUL byte for the end of the text, and would not see what follows.
  if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
    return Malformed{"the text is not JSON: there is a NUL byte at byte " + std::to_string(nul + 1)};
  }
  BoundedBuilder builder{text, limits};
  if (json::sax_parse(text.begin(), text.end(), &builder)) return std::move(builder.root());
  return Malformed{std::move(builder.flaw()).value_or("the text is not JSON")};
}

}  // namespace aftercommit
