#include "worker/executor.hpp"

#include <utility>

namespace aftercommit::worker {

Executor::Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler)
    : context_{context}, buffer_{buffer}, settler_{settler}, thread_{[this] { run(); }} {}

void Executor::run() {
  while (auto job = buffer_.take()) {
    {
      const std::lock_guard lock{mutex_};
      current_ = *job;
    }
    auto settlement = Attempt{context_, std::move(*job), running_}.run();
    bool ours = false;
    {
      const std::lock_guard lock{mutex_};
      ours = std::exchange(current_, std::nullopt).has_value();
    }
    if (ours) settler_.settle(std::move(settlement));
    buffer_.done();
  }
}

std::optional<Fetched> Executor::abandon() {
  running_.sever();
  const std::lock_guard lock{mutex_};
  return std::exchange(current_, std::nullopt);
}

}  // namespace aftercommit::worker
