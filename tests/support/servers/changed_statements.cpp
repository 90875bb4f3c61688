/// The messages of PostgreSQL: a type, a length that counts itself, and a body.
#include "support/servers/changed_statements.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace aftercommit::support {
namespace {

constexpr std::size_t kLength = sizeof(std::uint32_t);

}  // namespace

std::string StatementChanges::made_in(std::string body) {
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const auto& [from, to] = changes_[i];
    for (auto at = body.find(from); at != body.npos; at = body.find(from, at + to.size())) {
      body.replace(at, from.size(), to);
      ++made_[i];
    }
  }
  return body;
}

bool StatementChanges::all_made() const noexcept {
  return std::ranges::all_of(made_, [](const auto& times) { return times > 0; });
}

std::string ClientMessages::take(std::string_view bytes) {
  pending_ += bytes;
  std::string ready;
  std::size_t begin = 0;
  while (true) {
    const std::size_t head = (has_begun_ ? 1 : 0) + kLength;
    const auto there = std::string_view{pending_}.substr(begin);
    if (there.size() < head) break;
    std::uint32_t length = 0;
    std::memcpy(&length, there.data() + head - kLength, kLength);
    const auto size = head - kLength + ::ntohl(length);
    if (there.size() < size) break;
    const auto message = there.substr(0, size);
    ready += has_begun_ ? changed(message) : std::string{message};
    has_begun_ = true;
    begin += size;
  }
  pending_.erase(0, begin);
  return ready;
}

/// Statements are in messages of the types Query and Parse.
std::string ClientMessages::changed(std::string_view message) const {
  const char type = message.front();
  if (type != 'Q' && type != 'P') return std::string{message};
  const auto body = changes_.made_in(std::string{message.substr(1 + kLength)});
  const auto length = ::htonl(static_cast<std::uint32_t>(kLength + body.size()));
  std::string whole(1 + kLength, type);
  std::memcpy(&whole[1], &length, kLength);
  return whole + body;
}

}  // namespace aftercommit::support
