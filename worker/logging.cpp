#include "worker/logging.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <memory>

#include "broker/log_format.hpp"

namespace aftercommit::worker {

void set_up_logging(LogLevel level, bool json) {
  const auto logger =
      std::make_shared<spdlog::logger>("worker", std::make_shared<spdlog::sinks::stderr_sink_mt>());
  logger->set_pattern("%v");  // the line is made whole, fields included, before spdlog sees it
  set_log_level(level);
  set_log_handler([logger, json](const LogEvent& event) {
    const auto now = std::chrono::system_clock::now();
    logger->info(json ? render_json(event, now) : render_text(event, now));
  });
}

}  // namespace aftercommit::worker
