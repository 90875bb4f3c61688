/// Time, level, sentence, fields; every foreign byte escaped.
#include "base/log/log_format.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdio>
#include <string_view>

#include "base/json/json_writer.hpp"
#include "base/text/text.hpp"

namespace aftercommit {
namespace {

/// \n \r \t as such, other bytes as \x1b.
void append_escape(std::string& out, char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  switch (c) {
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
      (((out += "\\x") += kHex[byte >> 4]) += kHex[byte & 0xF]);
  }
}

/// Control characters, and bytes that are not UTF-8, are escaped; so are `"` and `\` within quotes.
void append_escaped(std::string& out, std::string_view text, bool quoted) {
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view character = text.substr(0, std::max<std::size_t>(length, 1));
    if (length == 0 || is_control(character)) {
      for (const char c : character) append_escape(out, c);
    } else {
      if (quoted && (character == "\"" || character == "\\")) out += '\\';
      out += character;
    }
    text.remove_prefix(character.size());
  }
}

/// True if a value needs no quotes: visible ASCII that no reader could take for something else.
bool is_bare(std::string_view text) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7F' && c != '"' && c != '\\' && c != '='; };
  return !text.empty() && std::ranges::all_of(text, plain);
}

void append_value(std::string& out, std::string_view value) {
  if (is_bare(value)) {
    out += value;
    return;
  }
  out += '"';
  append_escaped(out, value, true);
  out += '"';
}

}  // namespace

std::string utc(std::chrono::system_clock::time_point at) {
  using namespace std::chrono;
  const auto day = floor<days>(at);
  const year_month_day date{day};
  const hh_mm_ss time{floor<milliseconds>(at - day)};
  std::array<char, 64> text;
  const int length = std::snprintf(
      text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
      static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
      static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
      static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::string_view to_string(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarning:
      return "warning";
    case LogLevel::kError:
      return "error";
  }
  return "unknown";
}

std::string render_text(const LogEvent& event, std::chrono::system_clock::time_point at) {
  std::string line = utc(at);
  line.append(" ").append(to_string(event.level)).append(" ");
  append_escaped(line, event.message, false);
  const auto append_field = [&line](const LogEvent::Field& field) {
    line += ' ';
    append_escaped(line, field.first, false);
    line += '=';
    append_value(line, field.second);
  };
  std::ranges::for_each(event.fields, append_field);
  std::ranges::for_each(event.job, append_field);
  return line;
}

std::string render_json(const LogEvent& event, std::chrono::system_clock::time_point at) {
  std::string line;
  const auto append_member = [&line](std::string_view key, std::string_view value) {
    line += line.empty() ? '{' : ',';
    append_json_string_lossy(line, key);
    line += ':';
    append_json_string_lossy(line, value);
  };
  append_member("time", utc(at));
  append_member("level", to_string(event.level));
  append_member("message", event.message);
  const auto append_field = [&](const LogEvent::Field& field) {
    if (!field.second.is_number) return append_member(field.first, field.second);
    append_json_string_lossy(line += ',', field.first);
    line.append(":").append(field.second);
  };
  std::ranges::for_each(event.fields, append_field);
  std::ranges::for_each(event.job, append_field);
  line += '}';
  return line;
}

std::string render_dropped(std::size_t lines, decltype(render_text)* render) {
  return render({LogLevel::kWarning,
                 "log lines were dropped: nobody read them, or they could not be written",
                 {{"lines", lines}}},
                std::chrono::system_clock::now()) +
         '\n';
}

}  // namespace aftercommit
