/// Puts the embedded Lua sources together.
#include "broker/redis/wire/redis_scripts.hpp"

#include <initializer_list>
#include <utility>

#include "broker/redis/wire/sha1.hpp"
#include "lua.hpp"

namespace aftercommit::scripts {
namespace {

RedisScript plain(std::string_view name, std::string_view source) {
  return {name, std::string{source}, sha1_hex(source)};
}

/// A script with what several share: it goes in after the first line, which must stay the `#!lua` line.
RedisScript with(std::initializer_list<std::string_view> shared, std::string_view name,
                 std::string_view source) {
  const auto second_line = source.find('\n') + 1;
  std::string text{source.substr(0, second_line)};
  for (const auto part : shared) text.append(part);
  text.append(source.substr(second_line));
  auto sha = sha1_hex(text);
  return {name, std::move(text), std::move(sha)};
}

}  // namespace

// None is ever destroyed: a task may call exit() while other threads go on.

const RedisScript& ack() {
  static const auto* const script = new RedisScript{with({lua::held}, "ack", lua::ack)};
  return *script;
}

const RedisScript& aside() {
  static const auto* const script = new RedisScript{with({lua::held}, "aside", lua::aside)};
  return *script;
}

const RedisScript& bring_back() {
  static const auto* const script = new RedisScript{plain("bring_back", lua::bring_back)};
  return *script;
}

const RedisScript& bury() {
  static const auto* const script = new RedisScript{with({lua::held}, "bury", lua::bury)};
  return *script;
}

const RedisScript& celery_take() {
  static const auto* const script = new RedisScript{plain("celery_take", lua::celery_take)};
  return *script;
}

const RedisScript& celery_taken() {
  static const auto* const script = new RedisScript{plain("celery_taken", lua::celery_taken)};
  return *script;
}

const RedisScript& fetch() {
  static const auto* const script = new RedisScript{plain("fetch", lua::fetch)};
  return *script;
}

const RedisScript& fetch_levels() {
  static const auto* const script =
      new RedisScript{with({lua::hint, lua::take}, "fetch_levels", lua::fetch_levels)};
  return *script;
}

const RedisScript& group() {
  static const auto* const script = new RedisScript{with({lua::hint, lua::take}, "group", lua::group)};
  return *script;
}

const RedisScript& held_by() {
  static const auto* const script = new RedisScript{with({lua::held}, "held_by", lua::held_by)};
  return *script;
}

const RedisScript& home() {
  static const auto* const script = new RedisScript{plain("home", lua::home)};
  return *script;
}

const RedisScript& leases() {
  static const auto* const script = new RedisScript{plain("leases", lua::leases)};
  return *script;
}

const RedisScript& level_group() {
  static const auto* const script = new RedisScript{plain("level_group", lua::level_group)};
  return *script;
}

const RedisScript& promote() {
  static const auto* const script = new RedisScript{plain("promote", lua::promote)};
  return *script;
}

const RedisScript& push() {
  static const auto* const script = new RedisScript{with({lua::hint, lua::take}, "push", lua::push)};
  return *script;
}

const RedisScript& recover() {
  static const auto* const script = new RedisScript{plain("recover", lua::recover)};
  return *script;
}

const RedisScript& relay() {
  static const auto* const script = new RedisScript{with({lua::hint, lua::take}, "relay", lua::relay)};
  return *script;
}

const RedisScript& release() {
  static const auto* const script = new RedisScript{with({lua::held}, "release", lua::release)};
  return *script;
}

const RedisScript& renew() {
  static const auto* const script = new RedisScript{plain("renew", lua::renew)};
  return *script;
}

const RedisScript& remove() {
  static const auto* const script = new RedisScript{plain("remove", lua::remove)};
  return *script;
}

const RedisScript& requeue() {
  static const auto* const script = new RedisScript{with({lua::hint, lua::take}, "requeue", lua::requeue)};
  return *script;
}

const RedisScript& retire() {
  static const auto* const script = new RedisScript{plain("retire", lua::retire)};
  return *script;
}

const RedisScript& retry() {
  static const auto* const script = new RedisScript{with({lua::held, lua::hint}, "retry", lua::retry)};
  return *script;
}

const RedisScript& schedule() {
  static const auto* const script = new RedisScript{with({lua::hint}, "schedule", lua::schedule)};
  return *script;
}

const RedisScript& limited() {
  static const auto* const script = new RedisScript{plain("limited", lua::limited)};
  return *script;
}

const RedisScript& stand_aside() {
  static const auto* const script = new RedisScript{plain("stand_aside", lua::stand_aside)};
  return *script;
}

}  // namespace aftercommit::scripts
