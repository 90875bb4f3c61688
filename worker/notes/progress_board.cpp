#include "worker/notes/progress_board.hpp"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

namespace aftercommit::worker {

bool ToldProgress::tell(std::int64_t done, std::int64_t total, std::string_view note) {
  const std::lock_guard lock{mutex_};
  word_.done = done;
  word_.total = total;
  word_.note.assign(note);
  return !std::exchange(waits_, true);
}

bool ToldProgress::end() {
  const std::lock_guard lock{mutex_};
  word_.over = true;
  return !std::exchange(waits_, true);
}

ToldProgress::Word ToldProgress::take() {
  const std::lock_guard lock{mutex_};
  waits_ = false;
  return word_;
}

std::vector<ProgressBoard::Told> ProgressBoard::take(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  changed_.wait(lock, stop, [&] { return !waiting_.empty(); });
  return std::exchange(waiting_, {});
}

std::vector<ProgressBoard::Told> ProgressBoard::take() {
  const std::lock_guard lock{mutex_};
  return std::exchange(waiting_, {});
}

void ProgressBoard::put_back(std::vector<Told> told) {
  const std::lock_guard lock{mutex_};
  // In front: what another attempt of the same job has told since is later.
  told.insert(told.end(), std::make_move_iterator(waiting_.begin()), std::make_move_iterator(waiting_.end()));
  // Of each job the last, as it will be written: else they would pile up while the database is away.
  std::set<JobId> known;
  waiting_.clear();
  for (auto one = told.rbegin(); one != told.rend(); ++one) {
    if (known.insert((*one)->job()).second) waiting_.push_back(std::move(*one));
  }
  std::ranges::reverse(waiting_);
}

void ProgressBoard::add(const Told& told) {
  const std::lock_guard lock{mutex_};
  waiting_.push_back(told);
  changed_.notify_one();
}

}  // namespace aftercommit::worker
