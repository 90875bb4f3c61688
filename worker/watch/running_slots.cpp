#include "worker/watch/running_slots.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <new>
#include <system_error>
#include <type_traits>

namespace aftercommit::worker {
namespace {

/// A text that fits the places of the shared memory: worker ids, queue names and entries are shorter.
template <std::size_t room>
class SharedText {
 public:
  static constexpr std::size_t kRoom = room;

  bool set(std::string_view text) noexcept {
    if (text.size() > kRoom) return false;
    std::memcpy(bytes_.data(), text.data(), text.size());
    size_ = static_cast<std::uint16_t>(text.size());
    return true;
  }
  std::string str() const { return {bytes_.data(), size_}; }

 private:
  std::uint16_t size_ = 0;
  std::array<char, room> bytes_{};
};

using Name = SharedText<127>;
using Reason = SharedText<510>;

}  // namespace

// Each on cache lines of its own.  What is published by an atomic is written before it and read after it: a
// process that dies in between has published nothing.  The atomics must work between processes, so without a
// lock.
struct alignas(64) SlotBlock {
  std::atomic<bool> busy{false};  // publishes queue and entry
  std::atomic<bool> to_blame{false};
  std::atomic<std::int64_t> timed_out_ms{0};  // 0: it has not
  Name queue{};
  Name entry{};
  std::atomic<std::uint32_t> others{0};  // how many run together with it; published by busy
};

/// Made of the memory as it comes, so that only those that are used take any.
struct OtherEntry {
  std::uint16_t size;
  std::array<char, 46> bytes;

  bool set(std::string_view text) noexcept {
    if (text.size() > bytes.size()) return false;
    std::memcpy(bytes.data(), text.data(), text.size());
    size = static_cast<std::uint16_t>(text.size());
    return true;
  }
  std::string str() const { return {bytes.data(), std::min<std::size_t>(size, bytes.size())}; }
};
static_assert(std::is_trivially_default_constructible_v<OtherEntry>);

struct alignas(64) ChildBlock {
  std::atomic<bool> named{false};  // publishes worker
  Name worker{};
  std::atomic<StartStep> step{StartStep::kBeginning};
  std::atomic<bool> refused{false};
  std::atomic<bool> ready{false};
  std::atomic<bool> to_be_replaced{false};
  std::atomic<bool> stopping{false};    // publishes to_be_replaced
  std::atomic<bool> explaining{false};  // the first one writes reason
  std::atomic<bool> explained{false};   // publishes it
  Reason reason{};
  std::atomic<std::uint64_t> jobs_started{0};
  std::atomic<std::uint64_t> jobs_done{0};
  std::atomic<std::int64_t> beat_us{0};  // of the steady clock; 0: none
  std::atomic<bool> replacement_asked{false};
};

static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<StartStep>::is_always_lock_free &&
              std::atomic<std::uint64_t>::is_always_lock_free &&
              std::atomic<std::uint32_t>::is_always_lock_free &&
              std::atomic<std::int64_t>::is_always_lock_free);

void RunningSlot::hold(const Fetched& job, std::span<const Fetched> others) noexcept {
  if (block_ == nullptr) return;
  child_->block_->jobs_started.fetch_add(1 + others.size(), std::memory_order_relaxed);
  // An entry too long to be one of our brokers' is not named: its job is given back unblamed.
  if (!block_->queue.set(job.queue) || !block_->entry.set(job.entry)) return;
  block_->to_blame.store(false, std::memory_order_relaxed);
  block_->timed_out_ms.store(0, std::memory_order_relaxed);
  std::uint32_t count = 0;
  for (const auto& other : others) {
    if (count < kMostInBatch && others_[count].set(other.entry)) ++count;
  }
  block_->others.store(count, std::memory_order_relaxed);
  block_->busy.store(true, std::memory_order_release);
}

void RunningSlot::blame() noexcept {
  if (block_ != nullptr) block_->to_blame.store(true, std::memory_order_release);
}

void RunningSlot::time_out(std::chrono::milliseconds limit) noexcept {
  if (block_ == nullptr) return;
  block_->timed_out_ms.store(limit.count(), std::memory_order_relaxed);
  blame();
}

void RunningSlot::clear() noexcept {
  if (block_ == nullptr) return;
  block_->busy.store(false, std::memory_order_release);
  const auto jobs = 1 + block_->others.exchange(0, std::memory_order_relaxed);
  child_->block_->jobs_done.fetch_add(jobs, std::memory_order_relaxed);
  if (child_->after_each_job_) child_->after_each_job_();
}

void ChildSlots::set_worker(const WorkerId& worker) noexcept {
  block_->named.store(block_->worker.set(worker), std::memory_order_release);
}

WorkerId ChildSlots::worker() const {
  return block_->named.load(std::memory_order_acquire) ? block_->worker.str() : WorkerId{};
}

void ChildSlots::set_ready() noexcept { block_->ready.store(true, std::memory_order_release); }

void ChildSlots::enter(StartStep step) noexcept { block_->step.store(step, std::memory_order_release); }

StartStep ChildSlots::step() const noexcept { return block_->step.load(std::memory_order_acquire); }

void ChildSlots::set_refused() noexcept { block_->refused.store(true, std::memory_order_release); }

bool ChildSlots::refused() const noexcept { return block_->refused.load(std::memory_order_acquire); }

bool ChildSlots::ready() const noexcept { return block_->ready.load(std::memory_order_acquire); }

RunningSlot ChildSlots::slot(std::size_t executor) noexcept {
  return executor < count_ ? RunningSlot{slots_[executor], others_ + executor * kMostInBatch, *this}
                           : RunningSlot{};
}

std::vector<ChildSlots::Held> ChildSlots::running() const {
  std::vector<Held> all;
  std::vector<Held> to_blame;
  for (std::size_t i = 0; i < count_; ++i) {
    if (!slots_[i].busy.load(std::memory_order_acquire)) continue;
    auto& held = slots_[i].to_blame.load(std::memory_order_acquire) ? to_blame : all;
    const auto limit_ms = slots_[i].timed_out_ms.load(std::memory_order_relaxed);
    const auto others = std::min<std::size_t>(slots_[i].others.load(std::memory_order_relaxed), kMostInBatch);
    const bool late = limit_ms > 0 && others == 0;
    held.push_back({slots_[i].queue.str(), slots_[i].entry.str(),
                    late ? std::optional{std::chrono::milliseconds{limit_ms}} : std::nullopt});
    for (std::size_t j = 0; j < others; ++j)
      held.push_back({slots_[i].queue.str(), others_[i * kMostInBatch + j].str(), std::nullopt});
  }
  return to_blame.empty() ? all : to_blame;
}

std::string ChildSlots::reason() const {
  return block_->explained.load(std::memory_order_acquire) ? block_->reason.str() : std::string{};
}

void ChildSlots::set_reason(std::string_view reason) noexcept {
  if (block_->explaining.exchange(true)) return;
  block_->explained.store(block_->reason.set(reason.substr(0, Reason::kRoom)), std::memory_order_release);
}

std::uint64_t ChildSlots::jobs_done() const noexcept {
  return block_->jobs_done.load(std::memory_order_relaxed);
}

std::uint64_t ChildSlots::jobs_started() const noexcept {
  return block_->jobs_started.load(std::memory_order_relaxed);
}

void ChildSlots::beat() noexcept {
  using std::chrono::microseconds;
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  block_->beat_us.store(std::chrono::duration_cast<microseconds>(now).count(), std::memory_order_relaxed);
}

std::optional<std::chrono::steady_clock::time_point> ChildSlots::last_beat() const noexcept {
  const auto us = block_->beat_us.load(std::memory_order_relaxed);
  if (us == 0) return std::nullopt;
  return std::chrono::steady_clock::time_point{std::chrono::microseconds{us}};
}

void ChildSlots::ask_to_be_replaced() noexcept {
  block_->replacement_asked.store(true, std::memory_order_relaxed);
}

bool ChildSlots::asked_to_be_replaced() const noexcept {
  return block_->replacement_asked.load(std::memory_order_relaxed);
}

void ChildSlots::begin_stop(bool to_be_replaced) noexcept {
  block_->to_be_replaced.store(to_be_replaced, std::memory_order_relaxed);
  block_->stopping.store(true, std::memory_order_release);
}

bool ChildSlots::stopping() const noexcept { return block_->stopping.load(std::memory_order_acquire); }

bool ChildSlots::to_be_replaced() const noexcept {
  return stopping() && block_->to_be_replaced.load(std::memory_order_relaxed);
}

void ChildSlots::begin() noexcept {
  block_->explained.store(false, std::memory_order_release);
  block_->explaining.store(false, std::memory_order_release);
  block_->ready.store(false, std::memory_order_release);
  block_->step.store(StartStep::kBeginning, std::memory_order_release);
  block_->refused.store(false, std::memory_order_release);
  block_->stopping.store(false, std::memory_order_release);
  block_->beat_us.store(0, std::memory_order_relaxed);
  block_->replacement_asked.store(false, std::memory_order_relaxed);
  block_->jobs_started.store(0, std::memory_order_relaxed);
  block_->jobs_done.store(0, std::memory_order_relaxed);
}

void ChildSlots::forget_running() noexcept {
  for (std::size_t i = 0; i < count_; ++i) slots_[i].busy.store(false, std::memory_order_release);
}

void ChildSlots::reset() noexcept {
  block_->named.store(false, std::memory_order_release);
  forget_running();
}

RunningSlots::RunningSlots(std::size_t processes, std::size_t concurrency)
    : bytes_{processes *
             (sizeof(ChildBlock) + concurrency * (sizeof(SlotBlock) + kMostInBatch * sizeof(OtherEntry)))} {
  if (processes == 0) return;
  memory_ = ::mmap(nullptr, bytes_, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory_ == MAP_FAILED) {
    throw std::system_error{errno, std::generic_category(), "cannot share memory with the worker processes"};
  }
  auto* at = static_cast<std::byte*>(memory_);  // a page, so aligned for all
  auto* others =
      reinterpret_cast<OtherEntry*>(at + processes * (sizeof(ChildBlock) + concurrency * sizeof(SlotBlock)));
  for (std::size_t i = 0; i < processes; ++i) {
    auto* const child = new (at) ChildBlock{};
    at += sizeof(ChildBlock);
    auto* const slots = reinterpret_cast<SlotBlock*>(at);
    for (std::size_t j = 0; j < concurrency; ++j, at += sizeof(SlotBlock)) new (at) SlotBlock{};
    children_.push_back(ChildSlots{*child, slots, others, concurrency});
    others += concurrency * kMostInBatch;
  }
}

RunningSlots::~RunningSlots() {
  if (memory_ != nullptr) ::munmap(memory_, bytes_);
}

}  // namespace aftercommit::worker
