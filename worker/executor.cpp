#include "worker/executor.hpp"

#include <chrono>
#include <system_error>
#include <utility>

#include "broker/envelope.hpp"
#include "worker/crash_watch.hpp"
#include "worker/give_back.hpp"
#include "worker/signals.hpp"

namespace aftercommit::worker {
namespace {

constexpr std::chrono::microseconds kTooQuickForHarm{10};

}  // namespace

Executor::Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler, RunningSlot slot)
    : context_{context}, buffer_{buffer}, settler_{settler}, slot_{slot}, thread_{[this] { run(); }} {}

void Executor::run() {
  const CrashWatch watch{slot_};
  while (const auto job = buffer_.take()) {
    slot_.hold(*job);
    {
      const std::lock_guard lock{mutex_};
      current_ = &*job;
      running_->begin();
    }
    const auto began = std::chrono::steady_clock::now();
    auto settlement = Attempt{context_, *job, *running_}.run();
    // Before anything is said of the job.  Closing files takes longer than the quickest jobs, which are
    // spared this.
    if (std::chrono::steady_clock::now() - began > kTooQuickForHarm) check_files();
    bool ours = false;
    {
      const std::lock_guard lock{mutex_};
      ours = std::exchange(current_, nullptr) != nullptr;
    }
    if (ours) settler_.settle(std::move(settlement));
    slot_.clear();
    Signals::block();  // the task may have unblocked them: one that came here would end the process
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
  const auto* const job = std::exchange(current_, nullptr);
  if (job == nullptr) return std::nullopt;
  if (!running_->committed()) return give_back(*job);
  std::optional<JobId> durable;
  const auto decoded = decode(job->payload, job->payload.size());
  if (const auto* envelope = std::get_if<Envelope>(&decoded); envelope != nullptr && envelope->durable) {
    durable = envelope->id;
  }
  return Settlement{
      .kind = Settlement::Kind::kAck, .queue = job->queue, .entry = job->entry, .durable = durable};
}

}  // namespace aftercommit::worker
