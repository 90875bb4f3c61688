/// Writes down how far running jobs have got.
#pragma once

#include <chrono>
#include <map>
#include <span>
#include <stop_token>
#include <string>
#include <vector>

#include "client/results/result_rows.hpp"
#include "worker/notes/progress_board.hpp"
#include "worker/roles/role_thread.hpp"

namespace aftercommit::worker {

/// How often, at most, for all jobs together.
inline constexpr std::chrono::milliseconds kProgressInterval{200};

/// One statement for all jobs of a database that have a word to be written, in autocommit, so that it can be
/// seen whatever becomes of their transactions.  Does nothing while no job says anything.
class ProgressWriter {
 public:
  /// `board` is not owned and outlives this.
  explicit ProgressWriter(ProgressBoard& board);

  RoleThread& thread() noexcept { return thread_; }

 private:
  std::chrono::milliseconds write(std::vector<ProgressBoard::Told> told);
  bool write(Database& database, std::span<const ProgressBoard::Told> told);
  void write_the_last() noexcept;

  ProgressBoard& board_;
  std::map<std::string, SaidOnce> failures_;  // used by thread_ alone; by alias
  RoleThread thread_;                         // last
};

}  // namespace aftercommit::worker
