/// What is behind the '?' of a broker URL, and how its parts are read.
#pragma once

#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit::url_text {

/// Throws the ConfigError that names a part, and quotes nothing.
[[noreturn]] void wrong(std::string_view part, std::string_view expected);

/// Cuts `text` at `separator`; the second half is empty, without data(), where there is none.
std::pair<std::string_view, std::string_view> cut(std::string_view text, char separator);

std::string percent_decoded(std::string_view text, std::string_view part);

template <class Number>
std::optional<Number> number(std::string_view text, Number lowest, Number highest) {
  Number value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value < lowest || value > highest)
    return {};
  return value;
}

void read_database(std::string_view text, RedisUrl& url);

/// Reads the parameters into a URL whose other parts are there, and judges whether all parts go together.
/// `credentials`: what stood before the '@', without data() where there was none.
void read_query(std::string_view query, std::string_view credentials, RedisUrl& url);

}  // namespace aftercommit::url_text
