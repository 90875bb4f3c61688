#include "worker/notes/attempt_notes.hpp"

#include <utility>

#include "aftercommit/error.hpp"
#include "base/text/text.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::size_t kNoteTaken = 1024;  // bytes; cut to what is kept where it is written

std::string of_left_out(std::size_t lines) { return "... and " + std::to_string(lines) + " lines before"; }

}  // namespace

void AttemptNotes::progress(std::int64_t done, std::int64_t total, std::string_view note) {
  if (database_ == nullptr) {
    throw UsageError{
        "task '" + job_.task +
        "' cannot tell its progress: that is a row in the job's database, and this job has none; "
        "ask for it by durable delivery, or declare the task without transactional = false"};
  }
  if (!told_) told_ = std::make_shared<ToldProgress>(*database_, job_.id, job_.attempt);
  board_.tell(told_, done, total, note.substr(0, kNoteTaken));
}

void AttemptNotes::line(std::string_view text) {
  bytes_ += lines_.emplace_back(in_one_line(text, kLineLimit)).size();
  std::size_t oldest = 0;
  while (lines_.size() - oldest > kLinesKept || bytes_ > kLineBytesKept) bytes_ -= lines_[oldest++].size();
  lines_.erase(lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(oldest));
  left_out_ += oldest;
}

void AttemptNotes::result(std::string value, std::chrono::milliseconds ttl) {
  returned_ = detail::ReturnedValue{std::move(value), ttl};
}

std::vector<std::string> AttemptNotes::lines() const {
  std::vector<std::string> all;
  if (left_out_ > 0) all.push_back(of_left_out(left_out_));
  all.insert(all.end(), lines_.begin(), lines_.end());
  return all;
}

std::string AttemptNotes::text(std::size_t limit) const {
  if (lines_.empty()) return {};
  constexpr std::size_t kRoomForLeftOut = 48;
  auto first = lines_.size();
  std::size_t bytes = kRoomForLeftOut;
  while (first > 0 && bytes + lines_[first - 1].size() + 1 <= limit) bytes += lines_[--first].size() + 1;
  std::string text;
  if (left_out_ + first > 0) text = of_left_out(left_out_ + first) + '\n';
  for (; first < lines_.size(); ++first) text.append(lines_[first]).append(1, '\n');
  return text;
}

void AttemptNotes::took_effect() {
  if (told_) board_.end(told_);
}

}  // namespace aftercommit::worker
