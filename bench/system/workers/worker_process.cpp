#include "bench/system/workers/worker_process.hpp"

#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <thread>

namespace aftercommit::bench {
namespace {

constexpr std::chrono::minutes kPatience{5};
constexpr std::chrono::milliseconds kLookEvery{5};

std::string make_folder() {
  auto path = (std::filesystem::temp_directory_path() / "aftercommit-bench.XXXXXX").string();
  if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error{"cannot make a folder " + path};
  return path;
}

}  // namespace

WorkerProcess::WorkerProcess(std::int64_t jobs, std::vector<std::string> options) : folder_{make_folder()} {
  std::vector<std::string> words{AFTERCOMMIT_WORKER, "--app", AFTERCOMMIT_BENCH_TASKS, "--log-level",
                                 "warning"};
  words.insert(words.end(), options.begin(), options.end());
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  ::setenv("BENCH_JOBS", std::to_string(jobs).c_str(), 1);
  ::setenv("BENCH_REPORT", (folder_ + "/report").c_str(), 1);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error{"cannot start a worker: fork failed"};
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    ::dup2(STDERR_FILENO, STDOUT_FILENO);  // stdout is for the figure
    ::execv(arguments.front(), arguments.data());
    ::_exit(127);
  }
}

WorkerProcess::~WorkerProcess() {
  ::kill(pid_, SIGTERM);
  ::waitpid(pid_, nullptr, 0);
  std::filesystem::remove_all(folder_);
}

void WorkerProcess::request_stop() const { ::kill(pid_, SIGTERM); }

Runs WorkerProcess::wait_for_report() const {
  const auto path = folder_ + "/report";
  wait_until([&] { return std::filesystem::exists(path); });
  return read_report(path);
}

void WorkerProcess::wait_until(const std::function<bool()>& done) const {
  const auto end = std::chrono::steady_clock::now() + kPatience;
  while (!done()) {
    if (::waitpid(pid_, nullptr, WNOHANG) == pid_)
      throw std::runtime_error{"the worker has ended; it says why above"};
    if (std::chrono::steady_clock::now() > end)
      throw std::runtime_error{"the worker did not run all jobs in time"};
    std::this_thread::sleep_for(kLookEvery);
  }
}

}  // namespace aftercommit::bench
