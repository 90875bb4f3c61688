#include "worker/notes/progress_writer.hpp"

#include <pqxx/except>
#include <utility>
#include <vector>

#include "aftercommit/error.hpp"

namespace aftercommit::worker {

ProgressWriter::ProgressWriter(ProgressBoard& board)
    : board_{board},
      thread_{{.role = "writing progress", .server = "the database", .shares_connections = true},
              [this](const std::stop_token& stop) { return write(board_.take(stop)); },
              [this](const std::stop_token& /*stop*/) { write_the_last(); }} {}

void ProgressWriter::write_the_last() noexcept {
  try {
    write(board_.take());
  } catch (...) {
    // No memory for what nobody may look at any more.
  }
}

/// How long to wait before the next time.
std::chrono::milliseconds ProgressWriter::write(std::vector<ProgressBoard::Told> told) {
  constexpr std::chrono::milliseconds kAfterAFailure{2000};
  std::map<Database*, std::vector<ProgressBoard::Told>> by_database;
  for (auto& one : told) by_database[&one->database()].push_back(std::move(one));
  auto pause = kProgressInterval;
  for (auto& [database, its] : by_database) {
    if (write(*database, its)) continue;
    board_.put_back(std::move(its));
    pause = kAfterAFailure;
  }
  return pause;
}

/// False if it is to be tried again.
bool ProgressWriter::write(Database& database, std::span<const ProgressBoard::Told> told) {
  auto& failing =
      failures_
          .try_emplace(database.alias(), "the progress of jobs cannot be written; they go on without that")
          .first->second;
  try {
    // Each job once: of several attempts, or runs of one, the last.
    std::map<JobId, std::pair<const ToldProgress*, ToldProgress::Word>> last;
    for (const auto& one : told) last.insert_or_assign(one->job(), std::pair{one.get(), one->take()});
    std::vector<detail::WrittenProgress> progress;
    std::vector<JobId> over;
    for (auto& [job, of] : last) {
      auto& [one, word] = of;
      if (word.over) {
        over.push_back(job);
      } else {
        progress.push_back({job, one->attempt(), word.done, word.total, std::move(word.note)});
      }
    }
    if (!progress.empty()) detail::write_progress(database, progress);
    if (!over.empty()) detail::forget_progress(database, over);
    failing.succeeded();
    return true;
  } catch (const DatabaseUnavailable&) {
    failing.failed(database.alias());
    return false;
  } catch (const pqxx::broken_connection&) {
    failing.failed(database.alias());
    return false;
  } catch (...) {
    failing.failed(database.alias());
    return true;  // the tables are missing, or not to be written: what is said later meets the same
  }
}

}  // namespace aftercommit::worker
