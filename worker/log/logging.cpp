#include "worker/log/logging.hpp"

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
#include "base/log/log_stream.hpp"

namespace aftercommit::worker {
namespace {

/// Locks nothing: the stream does.
class Sink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
  void sink_it_(const spdlog::details::log_msg& message) override {
    spdlog::memory_buf_t line;
    formatter_->format(message, line);
    standard_error().write({line.data(), line.size()});
  }
  void flush_() override {}
};

}  // namespace

void set_up_logging(LogLevel level, bool json) {
  // A terminal may stop the background processes that write to it.
  if (::isatty(STDERR_FILENO) != 0) ::signal(SIGTTOU, SIG_IGN);
  const auto render = json ? render_json : render_text;
  standard_error().keep_open();
  standard_error().set_notice([render](std::size_t dropped) { return render_dropped(dropped, render); });
  const auto logger = std::make_shared<spdlog::logger>("worker", std::make_shared<Sink>());
  logger->set_pattern("%v");  // the line is made whole, fields included, before spdlog sees it
  logger->set_error_handler(
      [](const std::string&) { standard_error().lost(); });  // its own would wait for stderr
  set_log_level(level);
  set_log_handler([logger, render](const LogEvent& event) {
    try {
      logger->info(render(event, std::chrono::system_clock::now()));
    } catch (const std::exception&) {
      standard_error().lost();  // no memory
    }
  });
}

void say(std::string_view sentence) noexcept {
  try {
    standard_error().write("worker: " + std::string{sentence} + "\n");
  } catch (const std::exception&) {
    standard_error().lost();
  }
}

bool log_is_behind() noexcept { return standard_error().is_behind(); }

void flush_log(std::chrono::milliseconds longest) noexcept { standard_error().flush(longest); }

void end_at_once(int code) noexcept {
  flush_log();
  ::_exit(code);
}

}  // namespace aftercommit::worker
