/// What running jobs say of their progress, until it has been written.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/database.hpp"
#include "aftercommit/job_id.hpp"

namespace aftercommit::worker {

/// The last word of one attempt.  Thread-safe.
class ToldProgress {
 public:
  struct Word {
    std::int64_t done = 0;
    std::int64_t total = 0;
    std::string note{};
    bool over = false;  ///< the job has taken effect: what is kept of it is to go
  };

  /// `database` is not owned, and outlives this.
  ToldProgress(Database& database, const JobId& job, int attempt)
      : database_{database}, job_{job}, attempt_{attempt} {}

  Database& database() const noexcept { return database_; }
  const JobId& job() const noexcept { return job_; }
  int attempt() const noexcept { return attempt_; }

  // For the board.  True if it was not waiting to be written: it is from then on, until taken.
  bool tell(std::int64_t done, std::int64_t total, std::string_view note);
  bool end();
  Word take();

 private:
  Database& database_;
  const JobId job_;
  const int attempt_;
  std::mutex mutex_;  // protects what follows
  Word word_;
  bool waits_ = false;
};

/// Those that have a word which is not written.  Told by the threads that run jobs, who wait for nothing but
/// a lock; taken by one that writes.  Thread-safe.
class ProgressBoard {
 public:
  using Told = std::shared_ptr<ToldProgress>;

  void tell(const Told& told, std::int64_t done, std::int64_t total, std::string_view note) {
    if (told->tell(done, total, note)) add(told);
  }
  void end(const Told& told) {
    if (told->end()) add(told);
  }

  /// All of them, in the order in which they were told; waits until there is one, or for a stop: none then.
  std::vector<Told> take(const std::stop_token& stop);
  /// The same at once.
  std::vector<Told> take();
  /// These could not be written, and are to be tried again with what has been told since.
  void put_back(std::vector<Told> told);

 private:
  void add(const Told& told);

  std::mutex mutex_;  // protects what follows
  std::condition_variable_any changed_;
  std::vector<Told> waiting_;
};

}  // namespace aftercommit::worker
