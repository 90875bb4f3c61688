#include "aftercommit/job.hpp"

#include <string>

#include "aftercommit/error.hpp"
#include "aftercommit/log.hpp"

namespace aftercommit {

Transaction& Job::transaction() const {
  if (transaction_ == nullptr) {
    throw UsageError{"task '" + info_.task +
                     "' is declared with transactional = false and has no transaction"};
  }
  return *transaction_;
}

void Job::retry(const RetryCall& how) const { throw Retry{how.reason, how.countdown, how.max_retries}; }
void Job::snooze(std::chrono::milliseconds after, const std::string& reason) const {
  throw Snooze{after, reason};
}

void Job::progress(std::int64_t done, std::int64_t total, std::string_view note) {
  if (done < 0 || total < 0) {
    throw UsageError{"task '" + info_.task + "' has told a progress of " + std::to_string(done) + " of " +
                     std::to_string(total) + ": neither number is below 0"};
  }
  if (notes_ != nullptr) notes_->progress(done, total, note);
}

void Job::log(std::string_view line) {
  aftercommit::log(LogLevel::kInfo, "a job says", {{"line", line}});
  if (notes_ != nullptr) notes_->line(line);
}

}  // namespace aftercommit
