#include "broker/redis_post.hpp"

#include <chrono>
#include <numeric>
#include <string>
#include <vector>

#include "aftercommit/error.hpp"
#include "broker/redis_enqueue.hpp"

namespace aftercommit {
namespace {

/// A server that owes more answers than this is waited for.
constexpr std::size_t kMostUnanswered = 100;

EnqueueFailure none_sent(std::span<const Outgoing> jobs, const std::string& why, bool retryable) {
  std::vector<std::size_t> all(jobs.size());
  std::iota(all.begin(), all.end(), std::size_t{0});
  return {why, std::move(all), retryable, true};
}

}  // namespace

void RedisPoster::post(std::span<const Outgoing> jobs, Deadline deadline) {
  try {
    const auto refusal = take_answers(deadline);
    if (refusal) throw none_sent(jobs, refusal->sentence, refusal->passes);
    const auto commands = push_commands(session_, jobs);
    const bool was_connected = connection_ != nullptr;
    try {
      send(commands, deadline);
    } catch (const BrokerUnavailable&) {  // it may have died since it was used last
      if (!was_connected || std::chrono::steady_clock::now() >= deadline) throw;
      disconnect();
      send(commands, deadline);
    }
  } catch (const EnqueueFailure&) {
    throw;
  } catch (const Error& error) {
    disconnect();
    throw none_sent(jobs, error.what(), error.retryable());
  }
}

/// What has been answered since the last time.  Jobs that a lost connection had still to answer for come by
/// the relay.
std::optional<RedisRefusal> RedisPoster::take_answers(Deadline deadline) {
  if (connection_ && connection_->inherited()) disconnect();
  std::optional<RedisRefusal> refusal;
  while (unanswered_ > 0) {
    const bool must = unanswered_ >= kMostUnanswered;
    Reply reply;
    try {
      reply = connection_->overhear(must ? deadline : std::chrono::steady_clock::now());
    } catch (const BrokerUnavailable&) {
      disconnect();
      break;
    }
    if (!reply && must) {
      throw BrokerUnavailable{"Redis at " + session_.url().server() +
                              " does not answer: it is overloaded, stopped or cut off"};
    }
    if (!reply) break;
    --unanswered_;
    if (!is_error(*reply)) continue;
    knows_scripts_ = false;  // where a call is refused, its script is not read either
    if (refusal || is_error(*reply, "NOSCRIPT")) continue;
    refusal = understand(*reply, "the script push", session_.url().server());
    if (refusal->reconnects) disconnect();
  }
  return refusal;
}

void RedisPoster::send(const RedisPipeline& commands, Deadline deadline) {
  if (connection_ && unanswered_ == 0 && !connection_->usable()) disconnect();
  if (!connection_) connection_ = std::make_unique<RedisConnection>(session_.url(), deadline);
  connection_->post(knows_scripts_ ? commands : commands.as_text(), deadline);
  unanswered_ += commands.size();
  knows_scripts_ = true;
}

void RedisPoster::disconnect() {
  connection_.reset();
  unanswered_ = 0;
  knows_scripts_ = false;
}

}  // namespace aftercommit
