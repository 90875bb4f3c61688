/// The promoter of a worker with a wrong design: it takes a job that is due out of the delayed ones by one
/// call, and adds it to the ready ones by another.  Between the two it is nowhere.
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/epoch_ms.hpp"
#include "base/process/fail_point.hpp"
#include "broker/contract/broker.hpp"
#include "broker/redis/wire/redis_session.hpp"
#include "broker/redis/wire/redis_url.hpp"
#include "fault/harness/fault_tasks.hpp"
#include "worker/roles/promoter.hpp"

namespace aftercommit::fault {
namespace {

class TwoCallSchedule final : public DelayedJobs {
 public:
  explicit TwoCallSchedule(std::string_view url) : right_{make_broker(url)}, session_{parse_redis_url(url)} {}

  Promotion promote(std::span<const Queue> queues, std::size_t /*limit*/) override {
    for (const auto& queue : queues) {
      const auto& keys = session_.keys(queue);
      const auto now_ms = std::to_string(epoch_ms(std::chrono::system_clock::now()));
      RedisPipeline due;
      due.add("ZRANGE", keys.delayed, "-inf", now_ms, "BYSCORE");
      for (const auto replies = ask(due); const auto* payload : elements(*replies[0])) {
        RedisPipeline remove;
        remove.add("ZREM", keys.delayed, text(*payload));
        ask(remove);
        fail_point("promoter.between_calls");
        RedisPipeline add;
        add.add("XADD", keys.stream, "*", kRedisField, text(*payload));
        ask(add);
      }
    }
    return {.next_due = Millis{20}};
  }

  bool await_schedule(std::span<const Queue> queues, Millis timeout) override {
    return right_->await_schedule(queues, timeout);
  }

 private:
  std::vector<Reply> ask(const RedisPipeline& command) {
    return session_.ask(command, std::chrono::steady_clock::now() + std::chrono::seconds{4});
  }

  const std::unique_ptr<DelayedJobs> right_;
  RedisSession session_;
};

}  // namespace
}  // namespace aftercommit::fault

int main() {
  using namespace aftercommit;
  const char* const url = std::getenv("REDIS_URL");
  if (url == nullptr) return 2;
  const worker::Promoter promoter{std::make_unique<fault::TwoCallSchedule>(url), fault::kQueues};
  while (true) ::pause();  // until it is killed
}
