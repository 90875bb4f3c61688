/// The threads that run jobs.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "worker/run/executor.hpp"

namespace aftercommit::worker {

/// `slots`: where they say what they run; null: nowhere.  Not owned.
/// Closes the buffer before the threads are joined, which otherwise would wait for jobs for ever.
class Executors {
 public:
  Executors(AttemptContext& context, JobBuffer& buffer, Settler& settler, std::size_t count,
            ChildSlots* slots)
      : Executors{buffer} {
    for (std::size_t i = 0; i < count; ++i) {
      all_.push_back(std::make_unique<Executor>(context, buffer, settler,
                                                slots != nullptr ? slots->slot(i) : RunningSlot{}));
    }
  }
  ~Executors() { buffer_.close(); }
  Executors(const Executors&) = delete;
  Executors& operator=(const Executors&) = delete;

  auto begin() const { return all_.begin(); }
  auto end() const { return all_.end(); }

 private:
  explicit Executors(JobBuffer& buffer)
      : buffer_{buffer} {}  // complete: if a thread cannot be made, we are destroyed

  JobBuffer& buffer_;  // not owned, outlives this
  std::vector<std::unique_ptr<Executor>> all_;
};

}  // namespace aftercommit::worker
