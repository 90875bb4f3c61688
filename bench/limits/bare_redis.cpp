#include "bench/limits/bare_redis.hpp"

#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <vector>

#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit::bench {

BareRedis::BareRedis() {
  const char* const given = std::getenv("REDIS_URL");
  if (given == nullptr) throw std::runtime_error{"REDIS_URL is not set: run beside scripts/devstack"};
  const auto url = parse_redis_url(given);
  context_.reset(::redisConnect(url.host.c_str(), url.port));
  if (!context_ || context_->err != 0) throw std::runtime_error{"cannot connect to Redis at " + url.server()};
  const auto database = std::to_string(url.database);
  ask(std::array<std::string_view, 2>{"SELECT", database});
}

void BareRedis::add(std::span<const std::string_view> words) {
  std::vector<const char*> starts;
  std::vector<std::size_t> lengths;
  starts.reserve(words.size());
  lengths.reserve(words.size());
  for (const auto word : words) {
    starts.push_back(word.data());
    lengths.push_back(word.size());
  }
  ::redisAppendCommandArgv(context_.get(), static_cast<int>(words.size()), starts.data(), lengths.data());
}

Reply BareRedis::next() {
  void* reply = nullptr;
  if (::redisGetReply(context_.get(), &reply) != REDIS_OK) {
    throw std::runtime_error{std::string{"the connection to Redis failed: "} + context_->errstr};
  }
  Reply owned{static_cast<redisReply*>(reply)};
  if (is_error(*owned)) throw std::runtime_error{"Redis refused a command: " + std::string{text(*owned)}};
  return owned;
}

Reply BareRedis::ask(std::span<const std::string_view> words) {
  add(words);
  return next();
}

std::span<redisReply* const> entries(const redisReply& streams) {
  if (is_nil(streams)) return {};
  return elements(*elements(*elements(streams)[0])[1]);
}

std::string_view id_of(const redisReply& entry) { return text(*elements(entry)[0]); }
std::string_view value_of(const redisReply& entry) { return text(*elements(*elements(entry)[1])[1]); }

}  // namespace aftercommit::bench
