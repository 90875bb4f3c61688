#include "worker/run/executor.hpp"

#include <algorithm>
#include <iterator>
#include <span>
#include <system_error>
#include <utility>

#include "broker/envelope/envelope.hpp"
#include "client/job_table/claim.hpp"
#include "worker/held/give_back.hpp"
#include "worker/watch/crash_watch.hpp"

namespace aftercommit::worker {
namespace {

Settlement acknowledge(const Fetched& job) {
  const auto decoded = decode(job.payload, job.payload.size());
  const auto* const envelope = std::get_if<Envelope>(&decoded);
  return {.kind = Settlement::Kind::kAck,
          .queue = job.queue,
          .entry = job.entry,
          .durable = envelope != nullptr ? detail::id_for_broker(*envelope) : std::nullopt};
}

}  // namespace

Executor::Executor(AttemptContext& context, JobBuffer& buffer, Settler& settler, RunningSlot slot)
    : context_{context},
      buffer_{buffer},
      settler_{settler},
      slot_{slot},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {
  context_.running.add(running_);
}

void Executor::run(const std::stop_token& stop) {
  const CrashWatch watch{slot_};
  const detail::Interrupt::OfThread interrupt{running_->body->interrupt()};
  std::optional<Attempt> attempts[2];  // the one that runs, and the next
  auto* current = &attempts[0];
  auto* ahead = &attempts[1];
  make_attempt(*current, take(stop));
  while (*current && start(**current)) {
    run_to_its_end(**current, *ahead, stop);
    slot_.clear();
    current->reset();
    if (*ahead && buffer_.is_closed()) give_back_ahead(*ahead);
    buffer_.done(ahead->has_value());
    std::swap(current, ahead);
    if (*current) continue;
    running_->progress.enter(Phase::kWaiting);
    make_attempt(*current, take(stop));
  }
}

/// The next job that runs alone.  Those that came with others have run by then, or come back one by one.
std::optional<Fetched> Executor::take(const std::stop_token& stop) {
  while (auto job = buffer_.take(&together_)) {
    if (together_.empty()) return job;
    together_.insert(together_.begin(), *std::move(job));
    if (!run_together(stop)) break;
  }
  return std::nullopt;
}

/// False if nothing is to run any more.
bool Executor::run_together(const std::stop_token& stop) {
  {
    const std::lock_guard lock{mutex_};
    if (abandoned_) return false;
    is_together_ = true;
    running_->begin();
  }
  slot_.hold(together_.front(), std::span{together_}.subspan(1));
  bool has_run = false;
  const auto run = [&] {
    Batch::Outcome outcome;
    if (!std::exchange(has_run, true)) {
      outcome = Batch{context_, *running_, together_}.run();
    } else {  // for want of memory, as in run_to_its_end(): which of them have taken effect is found out
      for (const auto& job : together_) outcome.settled.push_back(give_back(job));
    }
    settle_together(std::move(outcome));
    trouble_.succeeded();
  };
  while (!trouble_.attempt(stop, run) && !stop.stop_requested()) {
  }
  slot_.clear();
  together_.clear();
  buffer_.done();
  running_->progress.enter(Phase::kWaiting);
  return true;
}

void Executor::settle_together(Batch::Outcome outcome) {
  {
    const std::lock_guard lock{mutex_};
    is_together_ = false;
    if (abandoned_) return;
  }
  settler_.settle(std::move(outcome.settled));
  if (buffer_.put_back(outcome.alone, outcome.rest)) return;
  for (auto* const jobs : {&outcome.alone, &outcome.rest}) {
    for (auto& job : *jobs) settler_.settle(give_back(std::move(job)));
  }
}

/// What becomes of it, whatever is thrown outside of the task, as for want of memory: then it is given back,
/// and its next attempt finds out whether it has taken effect.
void Executor::run_to_its_end(Attempt& attempt, std::optional<Attempt>& ahead, const std::stop_token& stop) {
  std::optional<Settlement> settlement;
  bool has_run = false;
  const auto run = [&] {
    if (!std::exchange(has_run, true)) {
      settlement = attempt.run();
      if (!settlement) settlement = attempt.finish(begin_next(attempt, ahead));
    } else {
      attempt.let_go();
      settlement = give_back(attempt.job());
    }
    settle(current_, *std::move(settlement));
    trouble_.succeeded();
  };
  while (!trouble_.attempt(stop, run) && !stop.stop_requested()) {
  }
}

void Executor::make_attempt(std::optional<Attempt>& attempt, std::optional<Fetched> job) {
  if (job) attempt.emplace(context_, *std::move(job), *running_);
}

/// Takes the next job along where this one's COMMIT can: what begins its transaction there.  Null: nothing.
detail::Riders* Executor::begin_next(const Attempt& attempt, std::optional<Attempt>& ahead) {
  const auto* const database = attempt.takes_along();
  if (database == nullptr) return nullptr;
  make_attempt(ahead, buffer_.take_ahead());
  if (!ahead) return nullptr;
  {
    const std::lock_guard lock{mutex_};
    ahead_ = &ahead->job();
  }
  return ahead->begin_ahead(*database);
}

/// False if it is not to run any more.
bool Executor::start(const Attempt& attempt) {
  {
    const std::lock_guard lock{mutex_};
    if (abandoned_) return false;
    current_ = &attempt.job();
    ahead_ = nullptr;
    running_->begin();
  }
  slot_.hold(attempt.job());
  return true;
}

/// `held`: where it stands so far.
void Executor::settle(const Fetched*& held, Settlement settlement) {
  {
    const std::lock_guard lock{mutex_};
    held = nullptr;
    if (abandoned_) return;
  }
  settler_.settle(std::move(settlement));
}

/// A worker that stops begins no other job.
void Executor::give_back_ahead(std::optional<Attempt>& attempt) {
  attempt->let_go();  // of its row, before others can fetch it
  settle(ahead_, give_back(attempt->job()));
  attempt.reset();
}

void Executor::cancel() noexcept {
  try {
    // On a thread of its own, left behind: where the server is frozen its answer never comes.
    std::thread{[running = running_] { running->cancel(); }}.detach();
  } catch (const std::system_error&) {
    // No thread to be had: the connection is cut instead, a moment later.
  }
}

Watchdog::Cause Executor::cause(Phase phase) const {
  if (phase == Phase::kWaiting)
    return buffer_.is_unclaimed() ? Watchdog::Cause::kOurs : Watchdog::Cause::kNone;
  const bool in_hooks = phase == Phase::kCommitting && running_->committed();
  return phase == Phase::kTask || in_hooks ? Watchdog::Cause::kTask : Watchdog::Cause::kOurs;
}

std::optional<Watchdog::Watched::Job> Executor::job_at_hand() {
  const std::unique_lock lock{mutex_, std::try_to_lock};
  const auto* const at_hand = !lock ? nullptr : is_together_ ? &together_.front() : current_;
  if (at_hand == nullptr) return std::nullopt;
  const auto decoded = decode(at_hand->payload, at_hand->payload.size());
  const auto* const job = std::get_if<Envelope>(&decoded);
  if (job == nullptr) return std::nullopt;
  return Watchdog::Watched::Job{job->id.str(), job->task};
}

std::vector<Settlement> Executor::abandon() {
  running_->sever();
  const std::lock_guard lock{mutex_};
  std::vector<Settlement> settlements;
  if (!std::exchange(abandoned_, true)) {
    if (current_ != nullptr)
      settlements.push_back(running_->committed() ? acknowledge(*current_) : give_back(*current_));
    if (ahead_ != nullptr) settlements.push_back(give_back(*ahead_));
    // Where they have taken effect, who claims them next finds that out.
    if (is_together_) std::ranges::transform(together_, std::back_inserter(settlements), give_back);
  }
  return settlements;
}

}  // namespace aftercommit::worker
