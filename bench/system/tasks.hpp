/// The tasks that the benchmarks enqueue and the worker runs.
#pragma once

#include <cstdint>
#include <string>

#include "aftercommit/app.hpp"

namespace aftercommit::bench {

/// Nanoseconds of the clock that all processes of the machine share.
inline std::int64_t monotonic_ns() {
  return std::chrono::nanoseconds{std::chrono::steady_clock::now().time_since_epoch()}.count();
}

/// All take a number and the name of a mail.
struct Tasks {
  explicit Tasks(App& app);

  Task<std::int64_t, std::string> noop;    ///< no database: sent at once, run without a transaction
  Task<std::int64_t, std::string> stamp;   ///< as noop; the number is the time at which it should start
  Task<std::int64_t, std::string> insert;  ///< durable: inserts a row, once
  Task<std::int64_t, std::string> slow;    ///< as noop; takes a second
};

App& app();
const Tasks& tasks();

}  // namespace aftercommit::bench
