#include "worker/executor.hpp"

#include <system_error>
#include <utility>

#include "worker/give_back.hpp"

namespace aftercommit::worker {

Executor::Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler)
    : context_{context}, buffer_{buffer}, settler_{settler}, thread_{[this] { run(); }} {}

void Executor::run() {
  while (auto job = buffer_.take()) {
    {
      const std::lock_guard lock{mutex_};
      current_ = *job;
      running_->begin();
    }
    auto settlement = Attempt{context_, std::move(*job), *running_}.run();
    bool ours = false;
    {
      const std::lock_guard lock{mutex_};
      ours = std::exchange(current_, std::nullopt).has_value();
    }
    if (ours) settler_.settle(std::move(settlement));
    buffer_.done();
  }
}

void Executor::cancel() noexcept {
  try {
    // On a thread of its own, left behind: where the server is frozen its answer never comes.
    std::thread{[running = running_] { running->cancel(); }}.detach();
  } catch (const std::system_error&) {
    // No thread to be had: the connection is cut instead, a moment later.
  }
}

std::optional<Settlement> Executor::abandon() {
  running_->sever();
  const std::lock_guard lock{mutex_};
  auto job = std::exchange(current_, std::nullopt);
  if (!job) return std::nullopt;
  if (!running_->committed()) return give_back(std::move(*job));
  return Settlement{
      .kind = Settlement::Kind::kAck, .queue = std::move(job->queue), .entry = std::move(job->entry)};
}

}  // namespace aftercommit::worker
