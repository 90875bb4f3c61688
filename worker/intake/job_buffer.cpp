#include "worker/intake/job_buffer.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace aftercommit::worker {
namespace {

/// When the thread that calls took its job: with no wait in between, that is when it was done with another.
std::chrono::steady_clock::time_point& taken_at() {
  static thread_local std::chrono::steady_clock::time_point at;
  return at;
}

}  // namespace

/// How many jobs are worth a fetch now.
std::size_t JobBuffer::demand() {
  const std::size_t idle = this->idle();
  constexpr std::size_t kMostAtOnce = 2000;  // that are worth one fetch
  const std::size_t ahead = read_ahead_.jobs();
  // Those that run together count as one, and all executors may find as many as they can take.
  const std::size_t target =
      width_ == 1 ? idle + ahead : std::min((idle + std::min(ahead, executors_)) * width_, kMostAtOnce);
  const std::size_t wanted = target > waiting_.size() ? target - waiting_.size() : 0;
  // Half of what could be held, so that a batch is worth its round trip; at once when an executor has
  // nothing.
  return wanted >= target / 2 || waiting_.size() < idle ? wanted : 0;
}

std::size_t JobBuffer::demand_of(std::size_t fetcher) {
  if (turns_.count() == 1) return demand();
  const auto idle_ones = idle() - std::min(waiting_.size(), idle());
  return turns_.share_of(fetcher, demand(), idle_ones, std::chrono::steady_clock::now());
}

/// By a fetcher that waits.
bool JobBuffer::any_wanted() {
  for (std::size_t fetcher = 0; fetcher < turns_.count(); ++fetcher) {
    if (turns_.waits(fetcher) && demand_of(fetcher) > 0) return true;
  }
  return false;
}

std::size_t JobBuffer::wait_for_demand(const std::stop_token& stop, std::size_t fetcher) {
  std::unique_lock lock{mutex_};
  std::size_t wanted = 0;
  const auto is_wanted = [&] { return (wanted = demand_of(fetcher)) > 0; };
  turns_.begin_wait(fetcher);
  while (!(stranded_ = overdue()) && !is_wanted() && !stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    const auto look_again = turns_.looks_again_at(fetcher, now);
    const auto any_comes = [&] { return is_wanted() || !waiting_.empty(); };  // see put_back()
    if (!waiting_.empty()) {
      const auto until = now + patience();
      drained_.wait_until(lock, stop, look_again > now ? std::min(until, look_again) : until, is_wanted);
    } else if (look_again > now && look_again != FetchTurns::Clock::time_point::max() && demand() > 0) {
      drained_.wait_until(lock, stop, look_again, any_comes);
    } else {
      drained_.wait(lock, stop, any_comes);
    }
  }
  const bool goes = !stranded_ && !stop.stop_requested();
  turns_.goes_on(fetcher, goes ? wanted : 0);
  const bool others = any_wanted();
  lock.unlock();
  if (others) drained_.notify_all();  // it is the next one's turn
  return goes ? wanted : 0;
}

void JobBuffer::give_up(std::size_t fetcher) {
  {
    const std::lock_guard lock{mutex_};
    turns_.failed(fetcher);
  }
  drained_.notify_all();  // what it was to fetch is wanted of the others
}

/// While jobs are left in the queues no worker is idle, and what goes back there goes to the end.
std::chrono::microseconds JobBuffer::patience() const {
  return turns_.all_empty() ? patience_.wait() : Patience::kWithABacklog;
}

/// Jobs wait, and all executors have been at others for long.
bool JobBuffer::overdue() const {
  return !waiting_.empty() && running_ >= executors_ &&
         std::chrono::steady_clock::now() - taken_last_at_ >= patience();
}

std::chrono::milliseconds JobBuffer::fetch_wait(std::chrono::milliseconds most) const {
  const std::lock_guard lock{mutex_};
  const bool some_idle = waiting_.size() + running_ < executors_;
  return some_idle ? most : std::min(most, std::chrono::ceil<std::chrono::milliseconds>(patience()));
}

std::vector<Fetched> JobBuffer::take_stranded() {
  std::vector<Fetched> jobs;
  const std::lock_guard lock{mutex_};
  if (!std::exchange(stranded_, false)) return jobs;
  for (auto& waiting : waiting_) jobs.push_back(std::move(waiting.job));
  waiting_.clear();
  read_ahead_.forget_rate();  // they are not as quick as they were
  return jobs;
}

/// Each executor that comes calls the next, for as long as there is work: quick jobs are gone before all have
/// woken.
bool JobBuffer::wakes_another() {
  const bool wakes = !waiting_.empty() && asleep_ > 0 && !waking_;
  waking_ |= wakes;
  return wakes;
}

void JobBuffer::put(std::vector<Fetched>&& jobs, std::size_t found, std::size_t fetcher) {
  bool wakes = false;
  bool others = false;
  {
    const std::lock_guard lock{mutex_};
    waiting_.insert(waiting_.end(), std::make_move_iterator(jobs.begin()),
                    std::make_move_iterator(jobs.end()));  // all or none
    turns_.found(fetcher, found);
    others = any_wanted();
    wakes = wakes_another();
  }
  if (wakes) filled_.notify_one();
  if (others) drained_.notify_all();  // what this one did not find they may be asked for
}

std::optional<Fetched> JobBuffer::take(std::vector<Fetched>* like) {
  if (like != nullptr && !batching_.empty()) like->reserve(batching_.most());
  std::unique_lock lock{mutex_};
  while (!closed_ && waiting_.empty()) {
    ++asleep_;
    filled_.wait(lock);
    --asleep_;
    waking_ = false;
  }
  if (closed_) return std::nullopt;
  const bool alone = waiting_.front().alone;
  auto job = take_first();
  if (like != nullptr && !batching_.empty()) take_like(*job, alone, *like);
  ++running_;
  taken_at() = taken_last_at_;
  const bool wakes = wakes_another();
  lock.unlock();
  if (wakes) filled_.notify_one();
  return job;
}

std::optional<Fetched> JobBuffer::take_ahead() {
  const std::lock_guard lock{mutex_};
  if (closed_ || waiting_.empty() || running_ < executors_) return std::nullopt;
  if (!waiting_.front().alone && batching_.of(waiting_.front().job) != nullptr) return std::nullopt;
  return take_first();
}

std::optional<Fetched> JobBuffer::take_first() {
  std::optional<Fetched> job{std::move(waiting_.front().job)};
  waiting_.pop_front();
  taken_last_at_ = std::chrono::steady_clock::now();
  return job;
}

/// With room in `like`, so that nothing throws.
void JobBuffer::take_like(const Fetched& first, bool alone, std::vector<Fetched>& like) {
  constexpr std::ptrdiff_t kReach = 2;  // times as many are looked at: a search is not to hold up the others
  const auto* const kind = alone ? nullptr : batching_.of(first);
  width_ = kind != nullptr ? kind->most : 1;
  if (width_ < 2) return;
  const auto end =
      waiting_.begin() + std::min(std::ssize(waiting_), kReach * static_cast<std::ptrdiff_t>(width_));
  auto kept = waiting_.begin();
  auto next = waiting_.begin();
  for (; next != end && like.size() + 1 < width_; ++next) {
    if (!next->alone && next->job.queue == first.queue && batching_.of(next->job) == kind) {
      like.push_back(std::move(next->job));
    } else {
      if (kept != next) *kept = std::move(*next);
      ++kept;
    }
  }
  waiting_.erase(kept, next);
}

bool JobBuffer::put_back(const std::vector<Fetched>& alone, const std::vector<Fetched>& rest) {
  bool wakes = false;
  bool may_strand = false;
  {
    const std::lock_guard lock{mutex_};
    if (closed_) return false;
    for (auto job = rest.rbegin(); job != rest.rend(); ++job) waiting_.emplace_front(*job, false);
    for (auto job = alone.rbegin(); job != alone.rend(); ++job) waiting_.emplace_front(*job, true);
    taken_last_at_ = std::chrono::steady_clock::now();  // they begin to wait
    wakes = wakes_another();
    may_strand = turns_.any_waits() && !waiting_.empty();  // it had nothing to watch
  }
  if (wakes) filled_.notify_one();
  if (may_strand) drained_.notify_all();
  return true;
}

void JobBuffer::done(bool goes_on) {
  bool wanted = false;
  const auto now = std::chrono::steady_clock::now();
  const auto length = now - std::exchange(taken_at(), now);
  {
    const std::lock_guard lock{mutex_};
    patience_.job_ran(length);
    if (!goes_on) --running_;
    read_ahead_.job_finished();
    wanted = any_wanted();
  }
  if (wanted) drained_.notify_all();
}

std::vector<Fetched> JobBuffer::close() {
  std::vector<Fetched> untouched;
  {
    const std::lock_guard lock{mutex_};
    closed_ = true;
    for (auto& waiting : waiting_) untouched.push_back(std::move(waiting.job));
    waiting_.clear();
  }
  filled_.notify_all();
  return untouched;
}

bool JobBuffer::is_closed() const {
  const std::lock_guard lock{mutex_};
  return closed_;
}

bool JobBuffer::is_unclaimed() const {
  const std::unique_lock lock{mutex_, std::try_to_lock};
  if (!lock) return true;
  constexpr std::chrono::seconds kMoment{1};  // a sleeper is called only if those awake do not suffice
  return !closed_ && asleep_ > 0 && !waiting_.empty() &&
         std::chrono::steady_clock::now() - taken_last_at_ > kMoment;
}

bool JobBuffer::is_unfilled(std::size_t fetcher) {
  const std::unique_lock lock{mutex_, std::try_to_lock};
  if (!lock) return true;
  return !closed_ && turns_.waits(fetcher) && running_ == 0 && demand_of(fetcher) > 0;
}

bool JobBuffer::has_idle() const {
  const std::lock_guard lock{mutex_};
  return running_ < executors_ && waiting_.empty();
}

std::size_t JobBuffer::waiting() const {
  const std::lock_guard lock{mutex_};
  return waiting_.size();
}

std::size_t JobBuffer::running() const {
  const std::lock_guard lock{mutex_};
  return running_;
}

}  // namespace aftercommit::worker
