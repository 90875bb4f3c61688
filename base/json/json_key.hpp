/// The name of an object's member, as it stands in a text.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

namespace aftercommit {

/// Made when the program is compiled, so that it is appended, or looked for, in one piece.
class JsonKey {
 public:
  /// A name that needs no escapes; one that is too long does not compile.
  explicit constexpr JsonKey(std::string_view name) {
    put(kBefore);
    put(name);
    put(kBehind);
  }

  /// With the comma before it: `,"attempt":`
  constexpr std::string_view text() const noexcept { return {text_.data(), size_}; }
  constexpr std::string_view name() const noexcept {
    return text().substr(kBefore.size(), size_ - kBefore.size() - kBehind.size());
  }

 private:
  static constexpr std::string_view kBefore = ",\"";
  static constexpr std::string_view kBehind = "\":";

  constexpr void put(std::string_view piece) {
    for (const char character : piece) text_[size_++] = character;
  }

  std::array<char, 24> text_{};
  std::size_t size_ = 0;
};

}  // namespace aftercommit
