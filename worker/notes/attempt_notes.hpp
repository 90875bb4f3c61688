/// What one attempt tells besides its effect.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/job.hpp"
#include "client/results/result_rows.hpp"
#include "worker/notes/progress_board.hpp"

namespace aftercommit::worker {

inline constexpr std::size_t kLinesKept = 100;
inline constexpr std::size_t kLineBytesKept = 8192;  ///< of all lines together
inline constexpr std::size_t kLineLimit = 1024;      ///< of one

/// For one run of a task's body, on its thread; takes no memory of its own until the task says something.
class AttemptNotes final : public detail::JobNotes {
 public:
  /// `database`: where the job takes effect; null: nowhere.  None is owned; all outlive this.
  AttemptNotes(ProgressBoard& board, const JobInfo& job, Database* database)
      : board_{board}, job_{job}, database_{database} {}
  AttemptNotes(const AttemptNotes&) = delete;
  AttemptNotes& operator=(const AttemptNotes&) = delete;

  void progress(std::int64_t done, std::int64_t total, std::string_view note) override;
  void line(std::string_view text) override;
  void result(std::string value, std::chrono::milliseconds ttl) override;
  detail::FlowRunner* flow() noexcept override { return flow_; }

  /// Its job is a flow, of which this keeps what it does; not owned, outlives the run.
  void runs(detail::FlowRunner& flow) noexcept { flow_ = &flow; }
  /// What its task has returned; nothing: none is to be kept.
  const std::optional<detail::ReturnedValue>& returned() const noexcept { return returned_; }
  /// What is kept of its lines, the oldest first, with a line in front that tells how many are left out.
  std::vector<std::string> lines() const;
  /// The newest of them, up to so many bytes, each with its end; empty: none.
  std::string text(std::size_t limit) const;

  /// Its job has taken effect.
  void took_effect();

 private:
  ProgressBoard& board_;
  const JobInfo& job_;
  Database* const database_;
  detail::FlowRunner* flow_ = nullptr;
  ProgressBoard::Told told_;  // null: nothing yet
  std::optional<detail::ReturnedValue> returned_;
  std::vector<std::string> lines_;
  std::size_t bytes_ = 0;     // of lines_
  std::size_t left_out_ = 0;  // of the oldest
};

}  // namespace aftercommit::worker
