/// Starts the processes that run jobs, watches them, and replaces those that die.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <functional>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "worker/process/service_manager.hpp"
#include "worker/settings/options.hpp"
#include "worker/watch/running_slots.hpp"
#include "worker/watch/signals.hpp"

namespace aftercommit::worker {

/// What a process is told at its start.
struct ProcessStart {
  ChildSlots& slots;       ///< as the process before has left them, if there was one
  std::string died_of;     ///< how that one ended: "SIGSEGV"
  bool say_why = true;     ///< false: the one before has said already why it cannot start
  std::size_t number = 0;  ///< of its place, from 0 on
};

/// It has no threads and no connections, and loads no tasks, so that nothing that a task does can harm it.
/// SIGUSR1 has it replace its processes, one after the other.
class Supervisor {
 public:
  using Run = std::function<int(Signals& signals, const ProcessStart& start)>;

  /// `run` is what each process does; it returns the exit code.  `service` is told how all of them are; null:
  /// nobody is.  Not owned, outlives this.
  Supervisor(const Options& options, Run run, const ServiceManager* service = nullptr);

  /// Until all processes have ended after a signal; the worst of their exit codes.  Returns in each process
  /// as well, with its own, so whatever comes after must suit them all.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  struct Process {
    ChildSlots* slots = nullptr;
    pid_t pid = 0;              // 0: none runs
    bool wanted = true;         // to be started if none runs
    bool ever_started = false;  // it has once been ready for jobs
    std::string died_of{};
    Clock::time_point started_at{};
    Clock::time_point start_at{};
    int early_ends = 0;  // in a row
    bool said_why = false;
    bool to_replace = false;  // once it is its turn
    pid_t replaced = 0;       // this one was told to make room, and no other is ready yet; 0: none
  };

  bool start_those_due();  // true in a new process
  bool start(Process& process);
  void cannot_fork(Process& process, const std::string& error);
  int run_process(Process& process);
  std::optional<std::chrono::milliseconds> next_look() const;
  void tell_service_manager();
  bool one_is_lost() const;
  void begin_to_replace();
  void replace_next();
  void wait();
  void reap();
  void ended(Process& process, int status);
  void cannot_begin(Process& process, int status);
  void ended_by_itself(Process& process, int code);
  void crashed(Process& process, const std::string& how);
  void put_off(Process& process);
  void stop(int signal);
  void note(int code);
  bool done() const;

  const Run run_;
  const std::string library_;
  const ServiceManager* const service_;
  const pid_t self_;
  RunningSlots slots_;
  std::vector<Process> processes_;
  ::sigset_t signals_{};
  bool stopping_ = false;
  bool replacing_ = false;   // its processes, one after the other
  bool said_ready_ = false;  // to the service manager, as is the next
  Clock::time_point alive_at_{};
  int worst_ = kExitStopped;
  std::optional<int> result_{};  // in a process: of its run
  std::mt19937 random_{std::random_device{}()};
};

}  // namespace aftercommit::worker
