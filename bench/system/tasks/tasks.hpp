/// The tasks that the benchmarks enqueue and the worker runs.
#pragma once

#include <cstdint>
#include <string>

#include "aftercommit/app.hpp"

namespace aftercommit::bench {

constexpr int kRateASecond = 10;  ///< of ten_a_second

/// Nanoseconds of the clock that all processes of the machine share.
inline std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

/// All take a number and the name of a mail.
struct Tasks {
  explicit Tasks(App& app);

  Task<std::int64_t, std::string> noop;          ///< no database: sent at once, run without a transaction
  Task<std::int64_t, std::string> stamp;         ///< as noop; the number is the time at which it should start
  Task<std::int64_t, std::string> insert;        ///< durable: inserts a row, once
  Task<std::int64_t, std::string> insert_batch;  ///< the same, up to 100 jobs in a transaction
  Task<std::int64_t, std::string> slow;          ///< as noop; takes a second
  // These have limits where the environment has BENCH_LIMITS, so that the others are of an app without any.
  Task<std::int64_t, std::string> ten_a_second;  ///< durable; does nothing
  Task<std::int64_t, std::string> one_of_a_key;  ///< durable; takes 0.2 s; the name is the key
};

App& app();
const Tasks& tasks();

}  // namespace aftercommit::bench
