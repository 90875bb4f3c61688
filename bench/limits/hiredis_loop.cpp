/// One thread, one connection, and nothing but hiredis: entries go in, and out 100 at a time.
#include <algorithm>
#include <array>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/limits/bare_redis.hpp"
#include "bench/limits/limits.hpp"
#include "bench/system/timing/stopwatch.hpp"

namespace aftercommit::bench {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::int64_t kBulk = 1000;

void add_entries(BareRedis& redis, std::int64_t jobs, std::int64_t at_a_time) {
  const auto job = payload(false);
  for (std::int64_t done = 0; done < jobs; done += at_a_time) {
    const auto count = std::min(at_a_time, jobs - done);
    for (std::int64_t i = 0; i < count; ++i) redis.add(Words{"XADD", kStream, "*", "e", job});
    for (std::int64_t i = 0; i < count; ++i) redis.next();
  }
}

nlohmann::json enqueue(std::int64_t jobs, std::int64_t at_a_time) {
  BareRedis redis;
  const Stopwatch watch;
  add_entries(redis, jobs, at_a_time);
  return {{"rate", watch.rate(jobs)}};
}

}  // namespace

nlohmann::json enqueue_one(std::int64_t jobs) { return enqueue(jobs, 1); }
nlohmann::json enqueue_bulk(std::int64_t jobs) { return enqueue(jobs, kBulk); }

nlohmann::json drain(std::int64_t jobs) {
  BareRedis redis;
  redis.ask(Words{"XGROUP", "CREATE", kStream, kGroup, "0", "MKSTREAM"});
  add_entries(redis, jobs, kBulk);
  const Words read{"XREADGROUP", "GROUP", kGroup, kConsumer, "COUNT", "100", "STREAMS", kStream, ">"};

  std::int64_t settled = 0;
  const Stopwatch watch;
  // One message settles what the last one brought, and asks for more.
  for (auto reply = redis.ask(read); !entries(*reply).empty();) {
    Words ack{"XACK", kStream, kGroup};
    Words remove{"XDEL", kStream};
    for (const auto* entry : entries(*reply)) {
      ack.push_back(id_of(*entry));
      remove.push_back(id_of(*entry));
    }
    redis.add(ack);
    redis.add(remove);
    redis.add(read);
    redis.next();
    settled += redis.next()->integer;
    reply = redis.next();
  }
  const auto rate = watch.rate(jobs);
  if (settled != jobs) {
    throw std::runtime_error{"settled " + std::to_string(settled) + " of " + std::to_string(jobs) +
                             " entries"};
  }
  return {{"rate", rate}};
}

}  // namespace aftercommit::bench
