/// The limits that an app declares, and which of them concern a job.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/limit.hpp"
#include "aftercommit/task.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/job_table/limits.hpp"

namespace aftercommit::detail {

inline constexpr int kMostOfALimit = 10'000;

/// Thread-safe once all is declared.
class LimitRules {
 public:
  bool any() const noexcept { return !all_.empty(); }
  /// By name.
  const std::map<std::string, DeclaredLimit, std::less<>>& all() const noexcept { return all_; }

  /// Each throws UsageError, naming the task or the queue, and then nothing is declared.
  void add_task(const std::string& task, const TaskOptions& options);
  void add_queue(const std::string& queue, const Limit& limit);

  /// Those of a job of this task in this queue, by name; valid as long as this.
  std::vector<const DeclaredLimit*> of(std::string_view task, std::string_view queue) const;

 private:
  using Names = std::map<std::string, std::vector<const DeclaredLimit*>, std::less<>>;

  void add(Names& names, const std::string& of, DeclaredLimit rule, const std::string& place);

  std::map<std::string, DeclaredLimit, std::less<>> all_;
  Names of_tasks_;
  Names of_queues_;
};

/// Throws UsageError where a call is for a job that its limits could not be kept for.
void check_job_limits(const LimitRules& rules, const TaskEntry& task, const CallOptions& options,
                      const std::string& queue, bool durable);

/// The key of a job for all its limits: what its call has given, or what `pointer`, the limit_key of its
/// task, finds in its arguments; empty: it has none.  Printable ASCII of at most 200 bytes, so that it is the
/// same wherever it is kept; of what is anything else a sign and a hash.
std::string limit_key_of(const Envelope& job, std::string_view pointer);

}  // namespace aftercommit::detail
