/// Sizes and numbers other than the usual ones: of jobs and their queues, and of workers.
#pragma once

#include <cstdint>
#include <optional>

namespace aftercommit::bench {

struct Setting {
  std::int64_t jobs = 0;
  std::int64_t queues = 1;  ///< 1: the default one
  std::int64_t daemons = 1;
  std::int64_t processes = 1;  ///< of each daemon
  std::int64_t concurrency = 8;
  std::optional<std::int64_t> prefetch{};   ///< otherwise the worker's default
  std::int64_t bytes = 7;                   ///< of the text that is the second argument
  std::optional<std::int64_t> countdown{};  ///< in seconds
  bool ledger = false;                      ///< jobs without a row
  std::int64_t per_second = 0;              ///< enqueued
  std::int64_t seconds = 30;                ///< of work under limits
};

}  // namespace aftercommit::bench
