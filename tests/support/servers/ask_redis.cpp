/// A connection for each question.
#include "support/servers/ask_redis.hpp"

#include <hiredis/hiredis.h>

#include <memory>
#include <stdexcept>

namespace aftercommit::support {
namespace {

using Reply = std::unique_ptr<redisReply, void (*)(redisReply*)>;

Reply ask(const PrivateRedis& redis, const std::vector<std::string>& words) {
  const std::unique_ptr<redisContext, decltype(&redisFree)> context{
      ::redisConnectUnix(redis.socket_path().c_str()), &redisFree};
  if (!context || context->err != 0) throw std::runtime_error{"Redis cannot be reached"};
  ::redisSetTimeout(context.get(), {.tv_sec = 10, .tv_usec = 0});  // it may be frozen
  std::vector<const char*> texts;
  std::vector<std::size_t> sizes;
  for (const auto& word : words) {
    texts.push_back(word.c_str());
    sizes.push_back(word.size());
  }
  Reply reply{static_cast<redisReply*>(::redisCommandArgv(context.get(), static_cast<int>(words.size()),
                                                          texts.data(), sizes.data())),
              [](redisReply* given) { ::freeReplyObject(given); }};
  if (!reply) throw std::runtime_error{"Redis does not answer " + words.front()};
  if (reply->type == REDIS_REPLY_ERROR) throw std::runtime_error{words.front() + ": " + reply->str};
  return reply;
}

}  // namespace

std::string ask_redis(const PrivateRedis& redis, const std::vector<std::string>& words) {
  const auto reply = ask(redis, words);
  return reply->str == nullptr ? "" : std::string{reply->str, reply->len};
}

long long ask_redis_number(const PrivateRedis& redis, const std::vector<std::string>& words) {
  return ask(redis, words)->integer;
}

std::vector<std::string> ask_redis_list(const PrivateRedis& redis, const std::vector<std::string>& words) {
  const auto reply = ask(redis, words);
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < reply->elements; ++i)
    texts.emplace_back(reply->element[i]->str, reply->element[i]->len);
  return texts;
}

}  // namespace aftercommit::support
