/// Reads the fields of an entry, ours and those of others.
#include "broker/redis/jobs/redis_entry.hpp"

#include <nlohmann/json.hpp>

#include "broker/redis/wire/redis_keys.hpp"

namespace aftercommit {

std::string payload_of(const redisReply& fields) {
  const auto words = elements(fields);
  if (words.size() == 2 && text(*words[0]) == kRedisField) return std::string{text(*words[1])};
  auto foreign = nlohmann::json::array();
  for (const auto* word : words) foreign.push_back(text(*word));
  return foreign.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace aftercommit
