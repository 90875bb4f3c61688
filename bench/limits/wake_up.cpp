/// How soon a blocking read wakes: the entry carries the time before XADD, and the reader looks at its clock.
#include <algorithm>
#include <chrono>
#include <exception>
#include <random>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "bench/limits/bare_redis.hpp"
#include "bench/limits/limits.hpp"

namespace aftercommit::bench {
namespace {

using Words = std::vector<std::string_view>;

constexpr std::int64_t kWarmUp = 20;  // entries that are not counted

std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

/// Until `jobs` entries have come; answers how late each was.
std::vector<std::int64_t> read_all(BareRedis& redis, std::int64_t jobs) {
  std::vector<std::int64_t> late_ns;
  while (std::ssize(late_ns) < jobs) {
    const auto reply = redis.ask(Words{"XREADGROUP", "GROUP", kGroup, kConsumer, "COUNT", "100", "BLOCK",
                                       "5000", "STREAMS", kStream, ">"});
    const auto now_ns = monotonic_ns();
    if (entries(*reply).empty()) throw std::runtime_error{"no entry came within 5 s"};
    for (const auto* entry : entries(*reply)) {
      late_ns.push_back(now_ns - std::stoll(std::string{value_of(*entry)}));
      redis.ask(Words{"XACK", kStream, kGroup, id_of(*entry)});
      redis.ask(Words{"XDEL", kStream, id_of(*entry)});
    }
  }
  return late_ns;
}

void add_all(BareRedis& redis, std::int64_t jobs) {
  std::mt19937 random{std::random_device{}()};
  std::uniform_real_distribution<> pause_ms{5, 10};
  for (std::int64_t i = 0; i < jobs; ++i) {
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>{pause_ms(random)});
    const auto now = std::to_string(monotonic_ns());
    redis.ask(Words{"XADD", kStream, "*", "e", now});
  }
}

double percentile_ms(const std::vector<std::int64_t>& sorted_ns, double share) {
  const auto last = static_cast<double>(sorted_ns.size() - 1);
  return static_cast<double>(sorted_ns[static_cast<std::size_t>(share * last)]) / 1e6;
}

}  // namespace

nlohmann::json latency(std::int64_t jobs) {
  BareRedis reader;
  BareRedis writer;
  reader.ask(Words{"XGROUP", "CREATE", kStream, kGroup, "0", "MKSTREAM"});
  std::vector<std::int64_t> late_ns;
  std::exception_ptr failure;
  std::jthread reading{[&] {
    try {
      late_ns = read_all(reader, jobs + kWarmUp);
    } catch (...) {
      failure = std::current_exception();
    }
  }};
  add_all(writer, jobs + kWarmUp);
  reading.join();
  if (failure) std::rethrow_exception(failure);

  late_ns.erase(late_ns.begin(), late_ns.begin() + kWarmUp);
  std::ranges::sort(late_ns);
  return {{"p50_ms", percentile_ms(late_ns, 0.5)}, {"p99_ms", percentile_ms(late_ns, 0.99)}};
}

}  // namespace aftercommit::bench
