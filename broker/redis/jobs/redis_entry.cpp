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

EntryName EntryName::parse(std::string_view text) {
  const auto slash = text.rfind('/');
  if (slash == std::string_view::npos) return {text};
  for (const auto level : kAllLevels) {
    if (text.substr(slash + 1) == name_of(level)) return {text.substr(0, slash), level};
  }
  return {text};
}

std::string EntryName::str() const {
  std::string text{id};
  if (level != Priority::kNormal) text.append("/").append(name_of(level));
  return text;
}

}  // namespace aftercommit
