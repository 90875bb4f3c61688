/// Puts the embedded Lua sources together.
#include "broker/redis_scripts.hpp"

#include "broker/sha1.hpp"
#include "lua.hpp"

namespace aftercommit::scripts {
namespace {

RedisScript plain(std::string_view name, std::string_view source) {
  return {name, std::string{source}, sha1_hex(source)};
}

/// A script that settles: held.lua goes in after the first line, which must stay the `#!lua` line.
RedisScript settling(std::string_view name, std::string_view source) {
  const auto second_line = source.find('\n') + 1;
  std::string text{source.substr(0, second_line)};
  text.append(lua::held).append(source.substr(second_line));
  auto sha = sha1_hex(text);
  return {name, std::move(text), std::move(sha)};
}

}  // namespace

const RedisScript& ack() {
  static const auto script = settling("ack", lua::ack);
  return script;
}

const RedisScript& bury() {
  static const auto script = settling("bury", lua::bury);
  return script;
}

const RedisScript& group() {
  static const auto script = plain("group", lua::group);
  return script;
}

const RedisScript& promote() {
  static const auto script = plain("promote", lua::promote);
  return script;
}

const RedisScript& release() {
  static const auto script = settling("release", lua::release);
  return script;
}

const RedisScript& retry() {
  static const auto script = settling("retry", lua::retry);
  return script;
}

const RedisScript& schedule() {
  static const auto script = plain("schedule", lua::schedule);
  return script;
}

}  // namespace aftercommit::scripts
