/// The process-wide log handler.
#include "aftercommit/log.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <exception>
#include <memory>
#include <mutex>
#include <span>
#include <utility>

#include "aftercommit/trace.hpp"
#include "base/log/log_context.hpp"
#include "base/log/log_format.hpp"
#include "base/log/log_stream.hpp"

namespace aftercommit {
namespace {

std::atomic<LogLevel> lowest_level{LogLevel::kInfo};

thread_local const LoggedJob* running_job = nullptr;

constexpr std::string_view kJobId = "job_id";
constexpr std::string_view kTraceId = "trace_id";

struct Sink {
  std::mutex mutex;
  std::shared_ptr<const LogHandler> handler;  // null: the default
};

Sink& sink() {
  static Sink& instance = []() -> Sink& {
    auto& made = *new Sink;  // never destroyed: threads may still log while the process ends
    // Else a child that is forked while another thread holds it would wait for ever.
    ::pthread_atfork([] { sink().mutex.lock(); }, [] { sink().mutex.unlock(); },
                     [] { sink().mutex.unlock(); });
    return made;
  }();
  return instance;
}

[[maybe_unused]] const Sink& made_before_any_thread = sink();

std::shared_ptr<const LogHandler> current_handler() {
  const std::lock_guard lock{sink().mutex};
  return sink().handler;
}

bool name(std::initializer_list<LogEvent::Field> fields, std::string_view key) {
  return std::ranges::any_of(fields, [&](const LogEvent::Field& field) { return field.first == key; });
}

void write_to_stderr(const LogEvent& event) {
  standard_error().write(render_text(event, std::chrono::system_clock::now()) + '\n');
}

}  // namespace

LogOfJob::LogOfJob(const LoggedJob& job) noexcept { running_job = &job; }
LogOfJob::~LogOfJob() { running_job = nullptr; }

void set_log_handler(LogHandler handler) {
  auto next = handler ? std::make_shared<const LogHandler>(std::move(handler)) : nullptr;
  const std::lock_guard lock{sink().mutex};
  sink().handler.swap(next);  // the old one goes when the last call that uses it has returned
}

void set_log_level(LogLevel lowest) noexcept { lowest_level = lowest; }

bool logs(LogLevel level) noexcept { return level >= lowest_level.load(std::memory_order_relaxed); }

void log(LogLevel level, std::string_view message, std::initializer_list<LogEvent::Field> fields) noexcept {
  if (!logs(level)) return;
  try {
    std::array<LogEvent::Field, 4> job{};
    std::size_t said = 0;
    if (const auto* const running = running_job; running != nullptr && !name(fields, kJobId)) {
      job[said++] = {kJobId, running->id.str()};
      job[said++] = {"task", running->task};
      job[said++] = {"attempt", running->attempt};
    }
    if (const auto* const trace = TraceContext::current(); trace != nullptr && !name(fields, kTraceId)) {
      job[said++] = {kTraceId, trace->trace_id()};
    }
    const LogEvent event{level, message, fields, std::span{job}.first(said)};
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
    standard_error().lost();  // no memory
  }
}

}  // namespace aftercommit
