/// What an entry of a stream carries.
#pragma once

#include <string>
#include <string_view>

#include "broker/contract/levels.hpp"
#include "broker/redis/wire/redis_reply.hpp"

namespace aftercommit {

/// The payload among `fields`, names and values in turn.  An entry with other fields than ours was put there
/// by somebody else; it becomes a text that no envelope looks like, so that the worker buries it.
std::string payload_of(const redisReply& fields);

/// An entry as it is named outside of here: its id in the stream of its level, and behind it another level
/// than the normal one, "1700000000000-0/high".
struct EntryName {
  std::string_view id;
  Priority level = Priority::kNormal;

  /// What names no level is an id as a whole.
  static EntryName parse(std::string_view text);
  std::string str() const;
};

}  // namespace aftercommit
