#include "worker/log/logging.hpp"

#include <pthread.h>
#include <spdlog/details/null_mutex.h>
#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <exception>
#include <memory>
#include <string>

#include "base/log/log_format.hpp"
#include "worker/log/log_stream.hpp"

namespace aftercommit::worker {
namespace {

LogStream& stream() {
  // Never destroyed: threads may still log while the process ends.
  static LogStream& instance = []() -> LogStream& {
    auto& made = *new LogStream{STDERR_FILENO};
    ::pthread_atfork([] { stream().before_fork(); }, [] { stream().after_fork_in_parent(); },
                     [] { stream().after_fork_in_child(); });
    return made;
  }();
  return instance;
}

/// Locks nothing: the stream does.
class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    stream().write({line.data(), line.size()});
  }
  void flush_() override {}
};

std::string render(const LogEvent& event, bool json) {
  const auto now = std::chrono::system_clock::now();
  return json ? render_json(event, now) : render_text(event, now);
}

}  // namespace

void set_up_logging(LogLevel level, bool json) {
  // A terminal may stop the background processes that write to it.
  if (::isatty(STDERR_FILENO) != 0) ::signal(SIGTTOU, SIG_IGN);
  stream().set_notice([json](std::size_t dropped) {
    return render({LogLevel::kWarning,
                   "log lines were dropped: nobody read them, or they could not be written",
                   {{"lines", dropped}}},
                  json) +
           "\n";
  });
  const auto logger = std::make_shared<spdlog::logger>("worker", std::make_shared<Sink>());
  logger->set_pattern("%v");  // the line is made whole, fields included, before spdlog sees it
  logger->set_error_handler([](const std::string&) { stream().lost(); });  // its own would wait for stderr
  set_log_level(level);
  set_log_handler([logger, json](const LogEvent& event) {
    try {
      logger->info(render(event, json));
    } catch (const std::exception&) {
      stream().lost();  // no memory
    }
  });
}

void say(std::string_view sentence) noexcept {
  try {
    stream().write("worker: " + std::string{sentence} + "\n");
  } catch (const std::exception&) {
    stream().lost();
  }
}

bool log_is_behind() noexcept { return stream().is_behind(); }

void flush_log(std::chrono::milliseconds longest) noexcept { stream().flush(longest); }

void end_at_once(int code) noexcept {
  flush_log();
  ::_exit(code);
}

}  // namespace aftercommit::worker
