/// A task library that brings its process down while it is loaded, in the way that FAILING_LIBRARY says.
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "aftercommit/aftercommit.hpp"
#include "aftercommit/worker.hpp"

namespace {

aftercommit::App app{"failing"};

void wait_for_ever() {
  while (true) ::pause();
}

[[gnu::no_sanitize("address", "undefined")]] void fail(const std::string& how) {
  static volatile int* volatile nowhere = nullptr;
  if (how == "task name") app.task<long>("no task has such a name");
  if (how == "exception") throw std::runtime_error{"no licence\nwas found"};
  if (how == "number") throw 42;
  if (how == "thread") {
    std::thread{[] { throw std::runtime_error{"on a thread"}; }}.detach();
    wait_for_ever();
  }
  if (how == "segfault") *nowhere = 1;
  constexpr std::string_view kIf = "segfault if there is ";
  if (how.starts_with(kIf) && std::filesystem::exists(how.substr(kIf.size()))) *nowhere = 1;
  if (how == "abort") std::abort();
  if (how == "terminate") std::terminate();
  if (how == "kill") ::kill(::getpid(), SIGKILL);
  if (how == "exit 0") std::exit(0);
  if (how == "exit 1") std::exit(1);
  if (how == "_exit") ::_exit(3);
  if (how == "hang") wait_for_ever();
}

const char* asked(const char* variable) {
  const char* const how = std::getenv(variable);
  return how != nullptr ? how : "";
}

struct Static {
  Static() { fail(asked("FAILING_LIBRARY")); }
} const object;

}  // namespace

AFTERCOMMIT_TASK_LIBRARY(app) { fail(asked("FAILING_DEFINITIONS")); }
