/// What a client pays for a transaction that enqueues a durable job.
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

#include "bench/system/figures/figures.hpp"
#include "bench/system/servers/servers.hpp"
#include "bench/system/tasks/tasks.hpp"
#include "bench/system/timing/stopwatch.hpp"

namespace aftercommit::bench {
namespace {

void enqueue_in_transaction(std::int64_t id) {
  app().database().atomic([&](Transaction& transaction) {
    transaction.exec("INSERT INTO bench_effect(id, name) VALUES ($1, $2)", id, "welcome");
    tasks().insert.delay(id, "welcome");
  });
}

nlohmann::json enqueue_tx(std::int64_t jobs, std::int64_t clients) {
  make_tables();
  for (std::int64_t i = 0; i < 100; ++i) enqueue_in_transaction(i);  // connects, and fills caches
  std::atomic<std::int64_t> next{0};
  std::atomic<bool> failed{false};
  std::exception_ptr failure;
  const Stopwatch watch;
  {
    std::vector<std::jthread> threads;
    for (std::int64_t i = 0; i < clients; ++i) {
      threads.emplace_back([&] {
        try {
          for (auto id = next++; id < jobs; id = next++) enqueue_in_transaction(id);
        } catch (...) {
          if (!failed.exchange(true)) failure = std::current_exception();
          next = jobs;
        }
      });
    }
  }
  const auto rate = watch.rate(jobs);
  if (failure) std::rethrow_exception(failure);
  return {{"rate", rate}};
}

}  // namespace

nlohmann::json enqueue_tx_1(std::int64_t jobs) { return enqueue_tx(jobs, 1); }
nlohmann::json enqueue_tx_16(std::int64_t jobs) { return enqueue_tx(jobs, 16); }

}  // namespace aftercommit::bench
