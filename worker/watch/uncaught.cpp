#include "worker/watch/uncaught.hpp"

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <exception>
#include <string>
#include <utility>

#include "base/text/text.hpp"
#include "worker/log/caught.hpp"
#include "worker/log/logging.hpp"
#include "worker/settings/options.hpp"

namespace aftercommit::worker {
namespace {

struct Named {
  ChildSlots* slots = nullptr;
  std::string cannot;
  bool say_why = true;
  pid_t process = 0;  // a task may fork: a copy of us that ends so is another matter
  std::terminate_handler before = nullptr;
  std::atomic<bool> started{false};
};

Named& named() {
  // Never destroyed: threads may still throw while the process ends.
  static Named& instance = *new Named;
  return instance;
}

std::string type_of_what_was_thrown() {
  const auto type = type_of_caught();
  return type.empty() ? "std::terminate() was called" : type;
}

}  // namespace

std::string what_was_thrown() {
  auto text = type_of_what_was_thrown();
  try {
    if (std::current_exception()) throw;
  } catch (const std::exception&) {
    text += ": " + what_was_caught();
  } catch (...) {
    // The type has to do.
  }
  return in_one_line(text);
}

namespace {

[[noreturn]] void on_uncaught() {
  auto& we = named();
  if (::getpid() == we.process) {
    try {
      if (!we.started) {
        if (we.say_why) say(we.cannot + what_was_thrown());
        if (we.slots != nullptr) we.slots->set_refused();
        end_at_once(kExitUsage);
      }
      // Its type alone: the text may hold what a job was given.
      const auto what = clean_text(type_of_what_was_thrown());
      if (we.slots != nullptr) we.slots->set_reason("SIGABRT, as nobody caught what was thrown: " + what);
      if (we.slots == nullptr) log(LogLevel::kError, "nobody caught what was thrown", {{"type", what}});
      if (we.slots == nullptr) flush_log();
    } catch (const std::exception&) {
      // No memory to say so.
    }
  } else if (we.before != nullptr) {
    we.before();
  }
  std::abort();
}

}  // namespace

void name_what_nobody_catches(ChildSlots* slots, std::string cannot, bool say_why) {
  auto& we = named();
  we.slots = slots;
  we.cannot = std::move(cannot);
  we.say_why = say_why;
  we.process = ::getpid();
  we.started = false;
  const auto before = std::set_terminate(on_uncaught);
  if (before != on_uncaught) we.before = before;
}

void started() noexcept { named().started = true; }

}  // namespace aftercommit::worker
