/// Redis commands for one round trip.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/redis/wire/redis_scripts.hpp"

namespace aftercommit {

/// Commands formatted one after another into one buffer, binary safe: every word goes out with its length.
class RedisPipeline {
 public:
  /// Adds a command.  `name` is a literal; a word is text or an integer.
  template <class... Words>
  void add(std::string_view name, const Words&... words) {
    begin(name, sizeof...(words));
    (word(words), ...);
  }

  /// Begins a command of which exactly `words` words follow.
  void begin(std::string_view name, std::size_t words);

  /// Begins a call of a script, of which exactly `arguments` words follow beside the keys.
  void begin_script(const RedisScript& script, std::initializer_list<std::string_view> keys,
                    std::size_t arguments) {
    begin_script(script, std::span<const std::string_view>{keys.begin(), keys.size()}, arguments);
  }
  void begin_script(const RedisScript& script, std::span<const std::string_view> keys, std::size_t arguments);

  void word(std::string_view text);
  void word(std::integral auto number) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number).ptr;
    word(std::string_view{digits, static_cast<std::size_t>(end - digits)});
  }

  std::size_t size() const noexcept { return commands_.size(); }
  std::string_view bytes() const noexcept { return bytes_; }

  /// "XADD on ac:{mail}:stream" or "the script ack on ...", for sentences.
  std::string what(std::size_t command) const;

  /// Adds to `target` a script call of this pipeline with the script's text in place of its name.
  void add_as_text(std::size_t command, RedisPipeline& target) const;
  /// Adds to `target` a command of this pipeline, for a server that may not know its script.
  void add_again(std::size_t command, RedisPipeline& target) const;

 private:
  struct Command {
    std::string_view name;
    const RedisScript* script;  // null for a plain command
    std::size_t words;
    std::size_t begin;      // offsets into bytes_: of the command,
    std::size_t arguments;  // and of the words after its name (and its script's)
  };

  void start(std::string_view name, const RedisScript* script, std::size_t words);
  std::string_view arguments(std::size_t command) const;

  std::string bytes_;
  std::vector<Command> commands_;
};

}  // namespace aftercommit
