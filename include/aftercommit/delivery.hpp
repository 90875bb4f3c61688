/// The options of a task and of one call of it, with every default in one place.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "aftercommit/retry.hpp"

namespace aftercommit {

class Transaction;

/// What a job's existence hangs on.
enum class Delivery : std::uint8_t {
  kDurable,    ///< a row of the job table, written by the same transaction and kept until the task has taken
               ///< effect
  kOnCommit,   ///< sent once the transaction has committed; at once where no atomic block is open
  kImmediate,  ///< sent at once, even inside a transaction that may still roll back
};

/// The defaults, all of them.  Each can be set for the app, the task or the call, where it makes sense.
namespace defaults {
inline constexpr const char* kQueue = "default";
inline constexpr const char* kDatabase = "default";
inline constexpr const char* kSchema = "aftercommit";  ///< of the job table and the ledger
inline constexpr int kMaxRetries = 20;                 ///< 21 attempts, about 9 hours in all
inline constexpr Backoff kBackoff{};                   ///< 1 s, 2 s, 4 s ... 1 h, less 0-20 %
inline constexpr std::size_t kPayloadLimit = std::size_t{1024} * 1024;  ///< bytes of an encoded job
inline constexpr std::chrono::milliseconds kEnqueueTimeout{2000};       ///< in all, connecting included
}  // namespace defaults

/// Given where the task is declared.
struct TaskOptions {
  std::string queue = defaults::kQueue;  ///< 1 to 64 of a-z A-Z 0-9 _ . -
  int max_retries = defaults::kMaxRetries;
  Backoff backoff = defaults::kBackoff;
  std::optional<std::chrono::milliseconds> expires =
      std::nullopt;                                 ///< not started later than this after the call
  std::optional<Delivery> delivery = std::nullopt;  ///< otherwise the app's
  std::string database =
      {};  ///< alias its transactions run on; empty: the one it joins, else the app's default
  bool transactional = true;  ///< false: run without a transaction, for tasks without a database
};

/// Given to apply_async for one job; what is empty is as the task says.  As Celery's apply_async.
struct CallOptions {
  std::optional<std::chrono::milliseconds> countdown =
      std::nullopt;  ///< earliest start, counted from the call
  std::optional<std::chrono::system_clock::time_point> eta = std::nullopt;  ///< earliest start as an instant
  std::optional<std::string> queue = std::nullopt;
  std::optional<int> max_retries = std::nullopt;
  std::optional<Backoff> backoff = std::nullopt;
  std::optional<std::chrono::milliseconds> expires =
      std::nullopt;  ///< not started later than this after the call
  std::optional<Delivery> delivery = std::nullopt;
  std::optional<std::string> database =
      std::nullopt;  ///< alias; the job joins that database's open transaction
  Transaction* transaction =
      nullptr;  ///< joins exactly this one, of this thread, whatever the task says; not owned
};

}  // namespace aftercommit
