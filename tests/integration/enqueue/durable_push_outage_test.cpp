/// Durable jobs while Redis is away: told once, tried once a second, and sent again when it is back.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "aftercommit/log.hpp"
#include "client/sending/durable_push.hpp"
#include "support/eventually.hpp"
#include "support/fixtures/durable_jobs.hpp"
#include "support/fixtures/redis_calls.hpp"
#include "support/servers/mute_redis.hpp"
#include "support/servers/private_redis.hpp"
#include "support/servers/tcp_proxy.hpp"

namespace aftercommit {
namespace {

using namespace std::chrono_literals;
using namespace support;
using detail::DurablePush;
detail::SendCounts sends_of_outage;  // nobody looks at them
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using SteadyClock = std::chrono::steady_clock;

class DurablePushOutage : public ::testing::Test {
 protected:
  DurablePushOutage() {
    set_log_handler([this](const LogEvent& event) {
      const std::lock_guard lock{mutex_};
      if (event.level != LogLevel::kWarning) return;
      auto& line = log_.emplace_back(event.message);
      for (const auto& [name, value] : event.fields) line.append(" ").append(value);
    });
  }
  ~DurablePushOutage() override {
    server.resume();
    pusher.reset();
    set_log_handler({});
  }

  void push(const std::string& payload) { pusher->push({committed_job(payload)}); }
  std::vector<std::string> log() {
    const std::lock_guard lock{mutex_};
    return log_;
  }
  /// Pushes it again and again until Redis has it; what else has come by then.
  std::vector<std::string> arrived_until(const std::string& payload) {
    std::vector<std::string> arrived;
    EXPECT_TRUE(eventually([&] {
      push(payload);
      for (auto& each : payloads(receiver.fetch(1000))) arrived.push_back(std::move(each));
      return std::ranges::find(arrived, payload) != arrived.end();
    }));
    std::erase(arrived, payload);
    return arrived;
  }

  PrivateRedis server;
  TcpProxy proxy{server.port()};
  std::unique_ptr<DurablePush> pusher = std::make_unique<DurablePush>(
      "redis://127.0.0.1:" + std::to_string(proxy.port()), kShort, sends_of_outage);
  Calls receiver{server.url()};

 private:
  std::mutex mutex_;
  std::vector<std::string> log_;
};

TEST_F(DurablePushOutage, IsToldOnceHoweverLongItLasts) {
  server.kill();
  for (int tries = 0; tries < 3; ++tries) {
    const auto before = proxy.accepted();
    EXPECT_TRUE(eventually([&] {
      push("left to the relay");
      return proxy.accepted() > before;
    }));
    EXPECT_TRUE(eventually([&] { return !log().empty(); }));
  }
  pusher.reset();  // it has told what it had to tell
  EXPECT_THAT(log(), ElementsAre(AllOf(HasSubstr("the relay of a worker will bring them"),
                                       HasSubstr("Redis at 127.0.0.1:"))));
}

TEST_F(DurablePushOutage, LeavesTheJobsOfTheNextSecondToTheRelay) {
  for (int tries = 0; tries < 10; ++tries) {
    const auto start = SteadyClock::now();
    pusher = std::make_unique<DurablePush>(server.tcp_url(), kShort, sends_of_outage);
    const auto told = log().size();
    server.kill();
    push("not sent");
    ASSERT_TRUE(eventually([&] { return log().size() > told; }));
    server.start();
    push("in the next second");
    const bool in_time = SteadyClock::now() < start + 1s;
    const auto arrived = arrived_until("after it");
    EXPECT_THAT(arrived, Not(Contains("not sent")));
    if (!in_time) continue;  // the machine was busy
    EXPECT_THAT(arrived, IsEmpty());
    return;
  }
  FAIL() << "Redis never started within a second";
}

TEST_F(DurablePushOutage, CostsNoAttemptToConnectInItsNextSecond) {
  server.kill();
  const auto start = SteadyClock::now();
  push("not sent");
  ASSERT_TRUE(eventually([&] { return !log().empty(); }));
  const auto before = proxy.accepted();
  const auto push_until_tried = [&](std::chrono::milliseconds deadline) {
    return eventually(
        [&] {
          push("left to the relay");
          return proxy.accepted() > before;
        },
        deadline);
  };
  const bool tried = push_until_tried(600ms);
  const bool in_time = SteadyClock::now() < start + 1s;  // else the machine was busy
  EXPECT_FALSE(tried && in_time);
  EXPECT_TRUE(push_until_tried(kDeadline)) << "nor does it last for ever";
}

TEST_F(DurablePushOutage, LeavesToTheRelayWhatWaitedForTheCallThatFailed) {
  MuteRedis mute;
  pusher = std::make_unique<DurablePush>(mute.url(), kShort, sends_of_outage);
  push("unanswered");
  MuteRedis::hear(mute.accept(), "unanswered");
  push("waiting");
  ASSERT_TRUE(eventually([&] { return !log().empty(); }));
  EXPECT_THAT(log(), ElementsAre(HasSubstr("did not reply")));
  ASSERT_TRUE(eventually([&] {
    push("after it");
    return mute.has_caller();
  }));
  EXPECT_THAT(MuteRedis::hear(mute.accept(), "after it"), Not(HasSubstr("waiting")));
}

TEST_F(DurablePushOutage, IsOverWhenRedisAnswersAgain) {
  server.stop();
  push("late");
  ASSERT_TRUE(eventually([&] { return !log().empty(); }));
  server.resume();
  arrived_until("in time");
  EXPECT_THAT(log(), SizeIs(1));
}

TEST_F(DurablePushOutage, ThatIsARefusalIsToldWithItsReason) {
  Onlooker redis{server.url()};
  redis.ask("CONFIG", "SET", "maxmemory", 1);
  push("refused");
  ASSERT_TRUE(eventually([&] { return !log().empty(); }));
  EXPECT_THAT(log(), ElementsAre(AllOf(HasSubstr("OOM"), HasSubstr("raise its maxmemory"))));
  redis.ask("CONFIG", "SET", "maxmemory", 0);
  EXPECT_THAT(arrived_until("once there is room"), IsEmpty());
}

}  // namespace
}  // namespace aftercommit
