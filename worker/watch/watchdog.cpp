#include "worker/watch/watchdog.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include "aftercommit/log.hpp"
#include "worker/log/logging.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kTellAfter{30'000};
constexpr milliseconds kBetweenLooks{1000};

std::int64_t in_seconds(milliseconds time) { return time.count() / 1000; }

}  // namespace

Watchdog::Watchdog(std::vector<Watched> watched, milliseconds timeout, Hung hung)
    : watched_{std::move(watched)},
      timeout_{timeout},
      tell_after_{timeout > 0ms ? std::min(kTellAfter, timeout / 2) : kTellAfter},
      hung_{std::move(hung)},
      thread_{[this](const std::stop_token& stop) { run(stop); }} {}

void Watchdog::run(const std::stop_token& stop) {
  const auto interval = std::clamp(tell_after_ / 4, 1ms, kBetweenLooks);
  std::vector<Standing> standing(watched_.size());
  auto looked_at = std::chrono::steady_clock::now();
  while (pause_.wait(interval, stop)) {
    const auto now = std::chrono::steady_clock::now();
    // Where we could not look for longer, nobody else could get on either: the process was stopped.
    const auto passed = std::min(std::chrono::floor<milliseconds>(now - looked_at), 2 * interval);
    looked_at = now;
    for (std::size_t i = 0; i < watched_.size(); ++i) {
      try {
        look(watched_[i], standing[i], passed);
      } catch (const std::exception&) {
        // No memory to say so: another look comes.
      }
    }
    one_stands_ = std::ranges::any_of(standing, &Standing::ours);
    looked_at_ = now;
  }
}

void Watchdog::look(const Watched& watched, Standing& standing, milliseconds passed) {
  const auto state = watched.progress->state();
  if (state != std::exchange(standing.state, state)) {
    standing = {.state = state};
    return;
  }
  const auto cause = watched.cause(Progress::phase(state));
  if (cause == Cause::kNone) {
    standing = {.state = state};
    return;
  }
  standing.time += passed;
  if (standing.time >= std::max(tell_after_, 2 * standing.told_at)) {
    standing.told_at = standing.time;
    standing.ours = cause == Cause::kOurs;
    tell(watched, standing, cause);
  }
  if (cause == Cause::kOurs && timeout_ > 0ms && standing.time >= timeout_) {
    hung_(watched.name + " was " + std::string{to_string(Progress::phase(state))} + " for " +
          std::to_string(in_seconds(standing.time)) + " s");
  }
}

void Watchdog::tell(const Watched& watched, const Standing& standing, Cause cause) const {
  const auto job = watched.job ? watched.job() : std::nullopt;
  const auto level = cause == Cause::kTask ? LogLevel::kInfo : LogLevel::kWarning;
  const auto* const message =
      cause == Cause::kTask ? "a task takes long" : "a thread of this worker gets nowhere";
  const std::string phase{to_string(Progress::phase(standing.state))};
  if (job) {
    log(level, message,
        {{"job_id", job->id},
         {"task", job->task},
         {"thread", watched.name},
         {"phase", phase},
         {"for_s", in_seconds(standing.time)}});
  } else {
    log(level, message, {{"thread", watched.name}, {"phase", phase}, {"for_s", in_seconds(standing.time)}});
  }
}

void end_hung_process(ChildSlots* slots, const std::string& which) {
  log(LogLevel::kError, "this process hangs and is ended; its jobs are given back", {{"reason", which}});
  if (slots != nullptr) {
    slots->set_reason("it hung: " + which);
    slots->forget_running();  // none of them is to blame
  }
  end_at_once(kExitInternal);
}

}  // namespace aftercommit::worker
