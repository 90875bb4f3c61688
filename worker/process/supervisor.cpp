#include "worker/process/supervisor.hpp"

#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>
#include <utility>

#include "aftercommit/log.hpp"
#include "worker/log/logging.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr milliseconds kBetweenLooks{10};  // while a process starts, which sends no sign when it is ready
constexpr milliseconds kForTheLog{200};    // until what could not be written is tried again
constexpr milliseconds kShortLife{1000};   // one that has lived longer did not fail to start
constexpr milliseconds kFirstBackoff{100};
constexpr milliseconds kLongestBackoff{5000};
constexpr milliseconds kWhileReplacing{100};  // between two looks
constexpr std::chrono::seconds kLost{30};     // a process that runs shows itself once a second

std::string how_it_ended(int status, const std::string& reason = {}) {
  if (!reason.empty()) return reason;
  if (WIFEXITED(status)) return "exit code " + std::to_string(WEXITSTATUS(status));
  const char* const name = ::sigabbrev_np(WTERMSIG(status));
  return name != nullptr ? "SIG" + std::string{name} : "signal " + std::to_string(WTERMSIG(status));
}

/// What a process was doing that has not come to its end.
std::string words_for(StartStep step, const std::string& library) {
  switch (step) {
    case StartStep::kBeginning:
      return "before it could do anything";
    case StartStep::kLoading:
      return library.empty() ? "while the application's tasks were defined"
                             : "while it loaded the task library '" + library +
                                   "': look at its static objects and at what defines its tasks";
    case StartStep::kChecking:
      return "while it looked at Redis, at the databases and at their tables";
    case StartStep::kStarting:
      return "while it started its threads";
  }
  return {};
}

}  // namespace

Supervisor::Supervisor(const Options& options, Run run, const ServiceManager* service)
    : run_{std::move(run)},
      library_{options.app_path},
      service_{service},
      self_{::getpid()},
      slots_{options.processes, options.concurrency},
      processes_(options.processes) {
  for (std::size_t i = 0; i < processes_.size(); ++i) processes_[i].slots = &slots_.child(i);
  signals_ = Signals::stop_signals();
  ::sigaddset(&signals_, SIGCHLD);
  ::sigaddset(&signals_, SIGUSR1);
}

int Supervisor::run() {
  ::signal(SIGCHLD, SIG_DFL);  // ignored, as some parents leave it, nobody's end could be waited for
  ::sigprocmask(SIG_BLOCK, &signals_, nullptr);
  while (true) {
    if (start_those_due()) return *result_;
    if (done()) return worst_;
    replace_next();
    tell_service_manager();
    wait();
    reap();
  }
}

bool Supervisor::done() const {
  return std::ranges::none_of(
      processes_, [&](const Process& process) { return process.pid != 0 || (process.wanted && !stopping_); });
}

bool Supervisor::start_those_due() {
  if (stopping_) return false;
  // The first goes ahead: what is wrong with the set-up is then said once.
  auto& first = processes_.front();
  first.ever_started = first.ever_started || (first.pid != 0 && first.slots->ready());
  for (auto& process : processes_) {
    if (process.pid != 0 || !process.wanted || Clock::now() < process.start_at) continue;
    if (&process != &first && !first.ever_started) continue;
    if (start(process)) return true;
  }
  return false;
}

bool Supervisor::start(Process& process) {
  process.slots->begin();
  process.started_at = Clock::now();
  const pid_t pid = ::fork();
  if (pid < 0) {
    cannot_fork(process, std::generic_category().message(errno));
    return false;
  }
  if (pid == 0) {
    result_ = run_process(process);
    return true;
  }
  process.pid = pid;
  return false;
}

void Supervisor::cannot_fork(Process& process, const std::string& error) {
  if (processes_.front().ever_started) {
    log(LogLevel::kError, "cannot start a process; trying again", {{"error", error}});
    put_off(process);
    return;
  }
  say("cannot start a process to run jobs: " + error +
      "; look at the limits of processes and memory (ulimit -u, -v, and those of the service or container)");
  note(kExitUsage);
  stop(SIGTERM);
}

int Supervisor::run_process(Process& process) {
  ::prctl(PR_SET_PDEATHSIG, SIGTERM);
  if (::getppid() != self_) return kExitStopped;  // it has died before that
  Signals signals{self_};
  ::sigset_t ours{};  // alone
  ::sigemptyset(&ours);
  ::sigaddset(&ours, SIGCHLD);
  ::sigaddset(&ours, SIGUSR1);
  ::sigprocmask(SIG_UNBLOCK, &ours, nullptr);
  return run_(signals, {.slots = *process.slots,
                        .died_of = process.died_of,
                        .say_why = !process.said_why,
                        .number = static_cast<std::size_t>(&process - processes_.data())});
}

std::optional<milliseconds> Supervisor::next_look() const {
  if (stopping_) return std::nullopt;
  const auto& first = processes_.front();
  if (first.pid != 0 && !first.ever_started && processes_.size() > 1) return kBetweenLooks;
  std::optional<milliseconds> next;
  if (service_ != nullptr && service_->listens() && !said_ready_) next = kBetweenLooks;
  if (replacing_) next = kWhileReplacing;
  if (service_ != nullptr && service_->keep_alive_interval()) {
    const auto left = std::chrono::ceil<milliseconds>(alive_at_ - Clock::now());
    next = std::min(next.value_or(left), left);
  }
  for (const auto& process : processes_) {
    if (process.pid != 0 || !process.wanted) continue;
    if (&process != &first && !first.ever_started) continue;
    const auto left = std::chrono::ceil<milliseconds>(process.start_at - Clock::now());
    next = std::min(next.value_or(left), left);
  }
  if (next) next = std::max(*next, 0ms);
  return next;
}

void Supervisor::wait() {
  ::siginfo_t info{};
  int signal = 0;
  auto timeout = next_look();
  if (log_is_behind()) timeout = std::min(timeout.value_or(kForTheLog), kForTheLog);
  if (timeout) {
    const timespec wait{timeout->count() / 1000, (timeout->count() % 1000) * 1'000'000};
    signal = ::sigtimedwait(&signals_, &info, &wait);
  } else {
    signal = ::sigwaitinfo(&signals_, &info);
  }
  if (signal <= 0 || signal == SIGCHLD) return;
  if (signal == SIGUSR1) return begin_to_replace();
  const bool first = !stopping_;
  stop(signal);
  if (first) log(LogLevel::kInfo, "stopping the worker processes", {{"signal", Signals::name(signal)}});
}

void Supervisor::begin_to_replace() {
  if (stopping_) return;
  log(LogLevel::kInfo, "replacing the worker processes, one after the other", {{"signal", "SIGUSR1"}});
  for (auto& process : processes_) process.to_replace = process.pid != 0;
  replacing_ = true;
  if (service_ != nullptr) service_->reloading();
}

/// The next one once what has taken the place of the one before is ready for jobs: where that cannot start,
/// the others go on as they are.
void Supervisor::replace_next() {
  if (!replacing_ || stopping_) return;
  for (auto& process : processes_) {
    if (process.replaced == 0 || !process.wanted) continue;
    if (process.pid == 0 || process.pid == process.replaced || !process.slots->ready()) return;
    process.replaced = 0;
  }
  for (auto& process : processes_) {
    if (!process.to_replace || !process.wanted) continue;
    if (process.pid == 0 || !process.slots->ready()) return;  // it begins just now
    process.to_replace = false;
    process.replaced = process.pid;
    process.slots->ask_to_be_replaced();
    return;
  }
  replacing_ = false;
  log(LogLevel::kInfo, "the worker processes have been replaced");
  if (service_ != nullptr) service_->ready();
}

void Supervisor::tell_service_manager() {
  if (service_ == nullptr || stopping_) return;
  if (!said_ready_ && processes_.front().ever_started) {
    said_ready_ = true;
    service_->ready();
  }
  const auto interval = service_->keep_alive_interval();
  if (!interval || Clock::now() < alive_at_) return;
  alive_at_ = Clock::now() + *interval;
  if (!one_is_lost()) service_->keep_alive();
}

/// A process whose own watchdog does not look any more, as it is stopped or frozen as a whole: nobody but the
/// service manager ends it.  One that stops in good order has bounds of its own.
bool Supervisor::one_is_lost() const {
  return std::ranges::any_of(processes_, [](const Process& process) {
    if (process.pid == 0 || !process.slots->ready() || process.slots->stopping()) return false;
    const auto beat = process.slots->last_beat();
    return beat && Clock::now() - *beat > kLost;
  });
}

void Supervisor::stop(int signal) {
  if (!stopping_ && service_ != nullptr) service_->stopping();
  stopping_ = true;
  for (const auto& process : processes_) {
    if (process.pid != 0) ::kill(process.pid, signal);
  }
}

void Supervisor::reap() {
  int status = 0;
  // All there are: as the first process of a container we are also given the orphans of tasks.
  for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
    const auto process = std::ranges::find(processes_, pid, &Process::pid);
    if (process != processes_.end()) ended(*process, status);
  }
}

void Supervisor::ended(Process& process, int status) {
  const bool ready = process.slots->ready();
  // Jobs may begin a moment before it says that it is ready.
  process.ever_started = process.ever_started || ready || process.slots->jobs_started() > 0;
  if (WIFEXITED(status) && process.slots->stopping()) {
    ended_by_itself(process, WEXITSTATUS(status));
  } else if (!processes_.front().ever_started && (!stopping_ || process.slots->refused())) {
    cannot_begin(process, status);
  } else {
    if (ready ||
        process.slots->jobs_started() > 0) {  // else it has not yet given back what the one before it held
      process.died_of = how_it_ended(status, process.slots->reason());
      process.said_why = false;
    } else if (process.slots->refused()) {
      process.said_why = true;
    }
    crashed(process, how_it_ended(status, process.slots->reason()));
  }
  process.pid = 0;
}

/// Whatever the first start dies of is for a person to mend, and would come again.
void Supervisor::cannot_begin(Process& process, int status) {
  const bool said = process.slots->refused() && WIFEXITED(status);
  note(said ? WEXITSTATUS(status) : kExitUsage);
  process.wanted = false;
  if (!said && !stopping_) {
    say("cannot start: the process that is to run jobs ended with " +
        how_it_ended(status, process.slots->reason()) + ' ' + words_for(process.slots->step(), library_));
  }
  if (!stopping_) stop(SIGTERM);
}

void Supervisor::ended_by_itself(Process& process, int code) {
  const bool replaced = process.slots->to_be_replaced() && !stopping_;
  if (code == kExitForced) {
    process.slots->forget_running();  // its jobs are to be given back, but are not to blame
    process.died_of = how_it_ended(code << 8);
  } else {
    process.slots->reset();
  }
  process.early_ends = 0;
  process.start_at = Clock::now();
  process.wanted = replaced;
  if (!replaced) note(code == kExitRecycle ? kExitStopped : code);
  if (!replaced && !stopping_) {
    log(LogLevel::kWarning, "a worker process was told to stop, and is not replaced", {{"pid", process.pid}});
  }
}

void Supervisor::crashed(Process& process, const std::string& how) {
  if (stopping_) {
    note(kExitForced);
    log(LogLevel::kError,
        "a worker process has died while it was stopping; its jobs come back after the lease",
        {{"worker", process.slots->worker()}, {"pid", process.pid}, {"reason", how}});
    return;
  }
  const bool ran = process.slots->jobs_started() > 0 || Clock::now() - process.started_at >= kShortLife;
  if (process.slots->ready() && ran) {
    process.early_ends = 0;
    process.start_at = Clock::now();
  } else {
    put_off(process);
  }
  if (process.said_why) return;  // by the process itself, at its first failure
  log(LogLevel::kError, "a worker process has died, and is replaced",
      {{"worker", process.slots->worker()}, {"pid", process.pid}, {"reason", how}});
}

void Supervisor::put_off(Process& process) {
  const int doublings = std::min(process.early_ends++, 10);
  const auto longest = std::min(kFirstBackoff * (1 << doublings), kLongestBackoff);
  std::uniform_int_distribution<milliseconds::rep> less{0, longest.count() / 2};
  process.start_at = Clock::now() + longest - milliseconds{less(random_)};
}

void Supervisor::note(int code) {
  constexpr std::array kFromBadToWorse{kExitStopped, kExitForced, kExitSetup, kExitUsage, kExitInternal};
  const auto rank = [&](int of) { return std::ranges::find(kFromBadToWorse, of) - kFromBadToWorse.begin(); };
  if (rank(code) > rank(worst_)) worst_ = code;
}

}  // namespace aftercommit::worker
