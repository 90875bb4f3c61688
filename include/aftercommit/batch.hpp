/// Jobs of one task that run together, in one transaction: what the body of Task::run_batch is given.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "aftercommit/decode_args.hpp"
#include "aftercommit/job.hpp"

namespace aftercommit {

/// The most that BatchOptions::most may be.
inline constexpr std::size_t kMostInBatch = 1000;

/// What Task::run_batch may be told.
struct BatchOptions {
  /// So many jobs run together at most, 1 to kMostInBatch; of jobs without a row 50, whatever is said here.
  /// It is no wish: a batch is what waits when a thread of the worker becomes free.
  std::size_t most = 100;
};

/// One job of a batch: what is known of it (id, attempt, headers ...), and its arguments.
template <class... Args>
struct BatchCall : JobInfo {
  std::tuple<Args...> args;
};

namespace detail {

inline JobInfo info_of(const Job& job) {
  return {.id = job.id(),
          .task = job.task(),
          .queue = job.queue(),
          .attempt = job.attempt(),
          .max_retries = job.max_retries(),
          .enqueued_at = job.enqueued_at(),
          .tick = job.tick(),
          .headers = job.headers(),
          .trace = job.trace()};
}

/// The jobs of one batch, with their arguments converted.  For one thread.
class BatchCalls {
 public:
  virtual ~BatchCalls() = default;
  /// One more; throws BadArguments, or what a conversion of the application's own does: then it is none more.
  virtual void add(JobInfo job, const nlohmann::json& args) = 0;
  /// Runs the body with those for which `is_ours` answers true, in their order.  May be called again.
  virtual void run(Job& batch, const std::function<bool(const JobId&)>& is_ours) = 0;
};

/// What Task::run_batch was given.
struct TaskBatch {
  std::size_t most;
  std::function<std::unique_ptr<BatchCalls>()> make;  ///< outlived by what gave it
};

template <class Body, class... Args>
concept BatchBody = std::invocable<const Body&, Job&, std::span<const BatchCall<Args...>>> ||
    std::invocable<const Body&, std::span<const BatchCall<Args...>>>;

template <class Body, class... Args>
void call_batch_body(const Body& body, Job& batch, std::span<const BatchCall<Args...>> calls) {
  if constexpr (std::invocable<const Body&, Job&, std::span<const BatchCall<Args...>>>) {
    body(batch, calls);
  } else {
    body(calls);
  }
}

template <class Body, class... Args>
class TypedBatchCalls final : public BatchCalls {
 public:
  /// Neither is owned; both outlive this.
  TypedBatchCalls(const Body& body, const std::string& task) : body_{body}, task_{task} {}

  void add(JobInfo job, const nlohmann::json& args) override {
    calls_.push_back(Call{std::move(job), decode_args<Args...>(args, task_)});
  }

  void run(Job& batch, const std::function<bool(const JobId&)>& is_ours) override {
    const auto ours = put_first(is_ours);
    call_batch_body(body_, batch, std::span<const Call>{calls_.data(), ours});
  }

 private:
  using Call = BatchCall<Args...>;

  /// How many they are.  By moves alone: an argument may be of a type that cannot be assigned.
  std::size_t put_first(const std::function<bool(const JobId&)>& is_ours) {
    std::vector<bool> ours;
    for (const auto& call : calls_) ours.push_back(is_ours(call.id));
    const auto count = static_cast<std::size_t>(std::count(ours.begin(), ours.end(), true));
    if (count == calls_.size()) return count;
    std::vector<Call> ordered;
    ordered.reserve(calls_.size());
    for (const bool wanted : {true, false}) {
      for (std::size_t i = 0; i < calls_.size(); ++i) {
        if (ours[i] == wanted) ordered.push_back(std::move(calls_[i]));
      }
    }
    calls_ = std::move(ordered);
    return count;
  }

  const Body& body_;
  const std::string& task_;
  std::vector<Call> calls_;
};

}  // namespace detail
}  // namespace aftercommit
