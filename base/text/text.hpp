/// Foreign text: made safe to keep and to show; and the rule of names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace aftercommit {

inline constexpr std::size_t kErrorTextLimit = 1024;  ///< bytes of the text of one error
inline constexpr std::size_t kNameLimit = 64;         ///< characters of a name

/// Cuts to `limit` bytes at a character boundary.  Bytes that are not UTF-8, and control characters other
/// than tab and newline, become U+FFFD, so the result is at most twice as long when quoted as JSON.
std::string clean_text(std::string_view text, std::size_t limit = kErrorTextLimit);

/// The same in one line: spaces for tabs and line ends, such as a path may have.
std::string in_one_line(std::string_view text, std::size_t limit = kErrorTextLimit);

/// True for a name a queue, a task or a database alias may have: 1 to 64 of a-z A-Z 0-9 _ . -
bool valid_name(std::string_view name) noexcept;

/// True for a text in quotes, which env files of some programs leave in place: straight, back or curly ones.
bool begins_with_quote(std::string_view text) noexcept;

/// Bytes of the UTF-8 character that `text` begins with; 0 where there is none (empty, cut, overlong, a
/// surrogate).
std::size_t utf8_length(std::string_view text) noexcept;

bool valid_utf8(std::string_view text) noexcept;

/// True for the two control blocks of Unicode: below U+0020, and U+007F to U+009F.  `character` is one
/// character in UTF-8.
bool is_control(std::string_view character) noexcept;

}  // namespace aftercommit
