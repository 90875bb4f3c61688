/// Celery's messages in Redis.
#include <array>
#include <chrono>
#include <utility>

#include "aftercommit/error.hpp"
#include "base/in_seconds.hpp"
#include "broker/contract/celery_queue.hpp"
#include "broker/redis/wire/redis_session.hpp"
#include "broker/redis/wire/redis_url.hpp"

namespace aftercommit {
namespace {

constexpr std::size_t kCeleryPriorities = 10;
constexpr std::string_view kKombuSeparator = "\x06\x16";
constexpr Millis kCeleryCallTimeout{4000};  // as that of the broker, beside the wait of a call

class RedisCeleryQueue final : public CeleryQueue {
 public:
  RedisCeleryQueue(RedisUrl url, const Queue& queue)
      : session_{std::move(url)},
        taken_{session_.url().prefix + ":celery:{" + queue + "}:taken"},
        too_large_{session_.url().prefix + ":celery:{" + queue + "}:too_large"} {
    lists_[0] = queue;
    for (std::size_t i = 1; i < lists_.size(); ++i) {
      lists_[i] = queue;
      lists_[i].append(kKombuSeparator).append(std::to_string(i));
    }
  }

  Taken take(std::size_t most) override {
    std::vector<std::string_view> keys{taken_, too_large_};
    keys.insert(keys.end(), lists_.begin(), lists_.end());
    RedisPipeline commands;
    commands.begin_script(scripts::celery_take(), keys, 3);
    commands.word(most);
    commands.word(kMostBytes);
    commands.word(kLargest);
    const auto replies = session_.ask(commands, deadline());
    const auto answer = elements(*replies[0]);
    Taken taken{.too_large = static_cast<std::size_t>(answer[0]->integer)};
    for (const auto* const message : answer.subspan(1)) taken.messages.emplace_back(text(*message));
    return taken;
  }

  /// The message is put back where it was: whoever comes first takes it.
  void await(Millis wait) override {
    RedisPipeline commands;
    commands.add("BLMOVE", lists_[0], lists_[0], "RIGHT", "RIGHT", in_seconds(wait));
    session_.ask(commands, deadline() + wait);
  }

  std::vector<std::string> taken(std::size_t most) override {
    RedisPipeline commands;
    commands.begin_script(scripts::celery_taken(), {taken_}, 2);
    commands.word(most);
    commands.word(kMostBytes);
    std::vector<std::string> messages;
    const auto replies = session_.ask(commands, deadline());
    for (const auto* const message : elements(*replies[0])) messages.emplace_back(text(*message));
    return messages;
  }

  void forget(std::span<const std::string> messages) override {
    RedisPipeline commands;
    for (const auto& message : messages) commands.add("LREM", taken_, -1, message);
    session_.ask(commands, deadline());
  }

  const std::string& too_large() const noexcept override { return too_large_; }

 private:
  static Deadline deadline() { return std::chrono::steady_clock::now() + kCeleryCallTimeout; }

  RedisSession session_;
  const std::string taken_;
  const std::string too_large_;
  std::array<std::string, kCeleryPriorities> lists_{};  // constant after construction
};

}  // namespace

std::unique_ptr<CeleryQueue> make_celery_queue(std::string_view url, const Queue& queue) {
  auto parsed = parse_redis_url(url);
  if (!parsed.nodes.empty()) {
    throw ConfigError{
        "it names a Redis Cluster, whose slots the lists of a queue do not share: Celery sends to one "
        "server"};
  }
  return std::make_unique<RedisCeleryQueue>(std::move(parsed), queue);
}

}  // namespace aftercommit
