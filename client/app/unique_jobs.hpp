/// Unique jobs: what may be said of them, and the question of which there is, asked in the open transaction.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/task.hpp"
#include "aftercommit/unique.hpp"
#include "client/app/route.hpp"
#include "client/transaction/commit_hooks.hpp"

namespace aftercommit::detail {

/// The version of the tables that unique jobs need.
inline constexpr int kUniqueSchemaVersion = 4;

/// What makes the jobs of a call unique; null: nothing does.
inline const Unique* unique_of(const TaskEntry& task, const CallOptions& options) noexcept {
  if (options.unique) return &*options.unique;
  return task.options.unique ? &*task.options.unique : nullptr;
}

/// Throws UsageError where nothing does.
void require_unique(const TaskEntry& task, const CallOptions& options);

/// Throws UsageError, naming the task, for what goes for none of its calls.  `transactional`: as the task is.
void check_unique(std::string_view task, const Unique& unique, bool transactional);

/// The same for what goes for no flow.
void check_unique_flow(std::string_view flow, const Unique& unique);

/// The unique jobs of one call: which of them there are to be.
class UniqueCall {
 public:
  /// `rule` is not owned and outlives this.
  explicit UniqueCall(const Unique& rule) : rule_{rule} {}

  /// As check_unique(), with what goes for this call alone.
  void check(const TaskEntry& task, const CallOptions& options, const Route& route) const;
  /// The arguments of the next one.
  void add(const nlohmann::json& args);

  /// What Statements::claim_jobs_in is to be told besides what it has in common with enqueue_in.  In ASCII,
  /// but for keys.
  nlohmann::json claim_in(std::string_view task, const std::vector<PendingJob>& jobs) const;
  /// Its answer, for as many jobs as were added; false, and nothing is taken, where it is none.
  bool take_answer(const std::string& answer, std::size_t jobs);

  /// By claim_unique() or take_answer(), for each in the order of the call.
  const std::vector<UniqueJob>& won() const noexcept { return won_; }

 private:
  friend void claim_unique(Session& session, std::string_view task, UniqueCall& call,
                           std::vector<PendingJob>& jobs);
  nlohmann::json as_json(const std::vector<PendingJob>& jobs, bool unicode) const;

  const Unique& rule_;
  std::vector<std::string> args_;  // JSON; of those that they make unique
  std::vector<UniqueJob> won_;
};

/// Asks in the open transaction, by one statement, which writes the rows of those jobs that there are to be
/// and leaves those in `jobs`, put right for the broker.  Throws what Database::exec does, and ConfigError
/// where the tables are too old, or not for this role.
void claim_unique(Session& session, std::string_view task, UniqueCall& call, std::vector<PendingJob>& jobs);

}  // namespace aftercommit::detail
