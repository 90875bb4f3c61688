/// The process-wide log handler.
#include "aftercommit/log.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <exception>
#include <memory>
#include <mutex>
#include <utility>

#include "broker/log_format.hpp"

namespace aftercommit {
namespace {

std::atomic<LogLevel> lowest_level{LogLevel::kDebug};

struct Sink {
  std::mutex mutex;
  std::shared_ptr<const LogHandler> handler;  // null: the default
};

Sink& sink() {
  // Never destroyed: threads may still log while the process ends.
  static Sink& instance = *new Sink;
  return instance;
}

std::shared_ptr<const LogHandler> current_handler() {
  const std::lock_guard lock{sink().mutex};
  return sink().handler;
}

void write_to_stderr(const LogEvent& event) {
  const std::string line = render_text(event, std::chrono::system_clock::now()) + '\n';
  std::fwrite(line.data(), 1, line.size(), stderr);  // unbuffered: one write, so lines stay whole
}

}  // namespace

void set_log_handler(LogHandler handler) {
  auto next = handler ? std::make_shared<const LogHandler>(std::move(handler)) : nullptr;
  const std::lock_guard lock{sink().mutex};
  sink().handler.swap(next);  // the old one goes when the last call that uses it has returned
}

void set_log_level(LogLevel lowest) noexcept { lowest_level = lowest; }

bool logs(LogLevel level) noexcept { return level >= lowest_level.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogEvent::Field> fields) noexcept {
  if (!logs(level)) return;
  const LogEvent event{level, message, fields};
  try {
    if (const auto handler = current_handler()) {
      try {
        (*handler)(event);
        return;
      } catch (...) {
        // A handler that fails must not lose the event: the default takes it.
      }
    }
    write_to_stderr(event);
  } catch (...) {
    // Out of memory: there is nowhere left to say so.
  }
}

}  // namespace aftercommit
