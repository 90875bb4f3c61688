#include "support/worker_process.hpp"

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace aftercommit::support {
namespace {

std::filesystem::path temporary_folder() {
  std::string name = "/tmp/aftercommit-worker-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error{"cannot make a folder in /tmp"};
  return name;
}

std::vector<std::string> environment_of_worker(const std::map<std::string, std::string>& added) {
  std::vector<std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view line{*entry};
    const bool read_by_workers = line.starts_with("REDIS_URL=") || line.starts_with("DATABASE_URL") ||
                                 line.starts_with("AFTERCOMMIT_");
    if (!read_by_workers) variables.emplace_back(line);
  }
  for (const auto& [name, value] : added) variables.push_back(name + "=" + value);
  return variables;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (auto& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream{path}.rdbuf();
  return text.str();
}

}  // namespace

WorkerProcess::WorkerProcess(std::vector<std::string> command, std::map<std::string, std::string> environment)
    : folder_{temporary_folder()} {
  auto variables = environment_of_worker(environment);
  const auto arguments = pointers(command);
  const auto environment_block = pointers(variables);
  const auto out = folder_ / "out";
  const auto err = folder_ / "err";
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error{"cannot start another process"};
  if (process_ > 0) return;
  // From here on nothing that allocates: another thread may have held the allocator's lock.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // a test that crashes leaves no worker behind
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::dup2(::open("/dev/null", O_RDONLY | O_CLOEXEC), STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600), STDERR_FILENO);
  ::execve(arguments[0], arguments.data(), environment_block.data());
  ::_exit(127);
}

WorkerProcess::~WorkerProcess() {
  if (runs()) {
    const auto left = children();
    signal(SIGKILL);  // first, or it would replace them
    for (const auto child : left) ::kill(child, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
  std::error_code ignored;  // a folder left in /tmp harms nobody
  std::filesystem::remove_all(folder_, ignored);
}

void WorkerProcess::signal(int number) const { ::kill(process_, number); }

std::vector<pid_t> WorkerProcess::children() const {
  // Those of its main thread: a supervisor has no other.
  const auto id = std::to_string(process_);
  std::ifstream file{"/proc/" + id + "/task/" + id + "/children"};
  return {std::istream_iterator<pid_t>{file}, {}};
}

std::optional<int> WorkerProcess::exit_code(std::chrono::milliseconds deadline) {
  eventually([&] { return !runs(); }, deadline);
  return exit_code_;
}

bool WorkerProcess::runs() {
  if (exit_code_) return false;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return true;
  exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return false;
}

std::string WorkerProcess::output() const { return read(folder_ / "out"); }

std::string WorkerProcess::log() const { return read(folder_ / "err"); }

std::vector<std::string> WorkerProcess::log_lines() const {
  const auto text = log();
  std::vector<std::string> lines;
  for (std::size_t begin = 0, end = 0; (end = text.find('\n', begin)) != std::string::npos; begin = end + 1) {
    lines.push_back(text.substr(begin, end - begin));
  }
  return lines;
}

std::vector<nlohmann::json> WorkerProcess::events() const {
  std::vector<nlohmann::json> events;
  for (const auto& line : log_lines()) events.push_back(nlohmann::json::parse(line));
  return events;
}

bool WorkerProcess::says(const std::string& text) {
  const auto said = [&] { return log().find(text) != std::string::npos; };
  eventually([&] { return said() || !runs(); });
  return said();
}

long WorkerProcess::times_said(const std::string& text) const {
  const auto all = log();
  long times = 0;
  for (auto at = all.find(text); at != std::string::npos; at = all.find(text, at + 1)) ++times;
  return times;
}

long WorkerProcess::count(const std::string& message) const {
  const auto all = events();
  return std::ranges::count_if(all, [&](const auto& event) { return event.at("message") == message; });
}

}  // namespace aftercommit::support
