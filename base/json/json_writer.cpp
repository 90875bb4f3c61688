/// Writing by hand instead of dump(): no stream, bounded recursion, and an error that says what is wrong.
#include "base/json/json_writer.hpp"

#include <array>
#include <charconv>
#include <cmath>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit {
namespace {

using nlohmann::json;

bool is_plain(char c) noexcept {
  const auto byte = static_cast<unsigned char>(c);
  return byte >= 0x20 && byte < 0x80 && c != '"' && c != '\\';
}

void append_escaped(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  switch (c) {
    case '"':
      out += "\\\"";
      break;
    case '\\':
      out += "\\\\";
      break;
    case '\b':
      out += "\\b";
      break;
    case '\f':
      out += "\\f";
      break;
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      out += "\\u00";
      out += kHex[static_cast<unsigned char>(c) >> 4];
      out += kHex[static_cast<unsigned char>(c) & 0xF];
  }
}

/// `on_bad_byte` is called for each byte that is not UTF-8.
template <class OnBadByte>
void append_quoted(std::string& out, std::string_view text, OnBadByte on_bad_byte) {
  out += '"';
  std::size_t next = 0;
  while (next < text.size()) {
    const std::size_t start = next;
    while (next < text.size() && is_plain(text[next])) ++next;
    out.append(text, start, next - start);
    if (next == text.size()) break;
    const std::size_t length = utf8_length(text.substr(next));
    if (length == 0) {
      on_bad_byte();
    } else if (length == 1) {
      append_escaped(out, text[next]);
    } else {
      out.append(text, next, length);
    }
    next += std::max<std::size_t>(length, 1);
  }
  out += '"';
}

template <class Number>
std::string_view digits(std::array<char, 32>& buffer, Number value) noexcept {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  return {buffer.data(), static_cast<std::size_t>(end - buffer.data())};
}

class ValueWriter {
 public:
  ValueWriter(std::string& out, JsonLimits limits)
      : out_{out}, limits_{limits}, values_left_{limits.values} {}

  void write(const json& value) {
    switch (value.type()) {
      case json::value_t::null:
        out_ += "null";
        return;
      case json::value_t::boolean:
        out_ += value.get<bool>() ? "true" : "false";
        return;
      case json::value_t::number_integer:
        append_json_integer(out_, value.get<std::int64_t>());
        return;
      case json::value_t::number_unsigned:
        append_unsigned(value.get<std::uint64_t>());
        return;
      case json::value_t::number_float:
        append_json_double(out_, value.get<double>());
        return;
      case json::value_t::string:
        append_json_string(out_, value.get_ref<const std::string&>());
        return;
      case json::value_t::array:
        write_array(value);
        return;
      case json::value_t::object:
        write_object(value);
        return;
      case json::value_t::binary:
      case json::value_t::discarded:
        break;
    }
    throw PayloadError{"a binary value has no form in JSON: send it as text, such as base64"};
  }

 private:
  void write_array(const json& array) {
    enter(array);
    out_ += '[';
    bool first = true;
    for (const json& element : array.get_ref<const json::array_t&>()) {
      if (!std::exchange(first, false)) out_ += ',';
      write(element);
    }
    out_ += ']';
    --depth_;
  }

  void write_object(const json& object) {
    enter(object);
    out_ += '{';
    bool first = true;
    for (const auto& [key, member] : object.get_ref<const json::object_t&>()) {
      if (!std::exchange(first, false)) out_ += ',';
      append_json_string(out_, key);
      out_ += ':';
      write(member);
    }
    out_ += '}';
    --depth_;
  }

  void enter(const json& container) {
    if (++depth_ > limits_.depth) {
      throw PayloadError{"arrays and objects are nested deeper than " + std::to_string(limits_.depth) +
                         " levels"};
    }
    if (container.size() > values_left_) {
      throw PayloadError{"there are more than " + std::to_string(limits_.values) + " values"};
    }
    values_left_ -= container.size();
  }

  void append_unsigned(std::uint64_t value) {
    std::array<char, 32> buffer;
    out_ += digits(buffer, value);
  }

  std::string& out_;
  const JsonLimits limits_;
  std::size_t values_left_;
  int depth_ = 0;
};

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  append_quoted(out, text, [] { throw PayloadError{"a text is not valid UTF-8"}; });
}

void append_json_string_lossy(std::string& out, std::string_view text) {
  append_quoted(out, text, [&out] { out += "\xEF\xBF\xBD"; });
}

void append_json_integer(std::string& out, std::int64_t value) {
  std::array<char, 32> buffer;
  out += digits(buffer, value);
}

void append_json_double(std::string& out, double value) {
  if (!std::isfinite(value)) throw PayloadError{"a number is not finite (NaN or infinity)"};
  std::array<char, 32> buffer;
  const std::string_view shortest = digits(buffer, value);
  out += shortest;
  // "1" would come back as an integer.
  if (shortest.find_first_of(".e") == std::string_view::npos) out += ".0";
}

void append_json_value(std::string& out, const json& value, JsonLimits limits) {
  ValueWriter{out, limits}.write(value);
}

}  // namespace aftercommit
