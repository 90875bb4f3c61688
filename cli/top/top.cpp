/// `aftercommit top`: queues, dead jobs, workers, periodic tasks and limits on a live screen.
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <optional>
#include <utility>

#include "aftercommit/log.hpp"
#include "cli/colour.hpp"
#include "cli/commands.hpp"
#include "cli/top/collector.hpp"
#include "cli/top/terminal.hpp"
#include "cli/top/view.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::chrono::milliseconds kEndPatience{500};  // with a server that does not answer
constexpr std::chrono::hours kActPatience{24};          // with an act that was said yes to

/// Draws and hears until it is to end; the signal that says so, or 0.
int run_screen(Terminal& terminal, Collector& collector) {
  const bool coloured = colours_wanted(STDOUT_FILENO);
  View view;
  Snapshot snapshot;
  while (!view.quit) {
    terminal.draw(lines_of(view, snapshot, terminal.size(), coloured));
    const auto event =
        terminal.wait(std::chrono::steady_clock::now() + std::chrono::minutes{1}, collector.descriptor());
    if (event.signal != 0) return event.signal;
    if (event.hung_up) return 0;
    auto news = collector.take();
    if (news.snapshot) snapshot = std::move(*news.snapshot);
    if (!news.message.empty()) view.message = std::move(news.message);
    for (const auto& key : keys_of(event.typed)) {
      if (auto act = press(view, snapshot, key)) collector.ask(std::move(*act));
    }
    collector.show(view.tab);
  }
  return 0;
}

}  // namespace

int top(const Options& options) {
  auto terminal = std::make_unique<Terminal>();
  // What the library has to say would stand in the midst of the screen; the last line says what is wrong.
  if (::isatty(STDERR_FILENO) == 1) set_log_handler([](const LogEvent&) {});
  // Not destroyed while its thread waits for a server: then the process ends without it.
  auto collector = std::make_unique<Collector>(options.connections, options.watch.value());
  int signal = 0;
  try {
    signal = run_screen(*terminal, *collector);
  } catch (...) {
    terminal.reset();  // first: the thread may be at something for long
    throw;
  }
  terminal.reset();
  if (signal != 0) {
    ::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  const bool acting = collector->is_acting();
  if (acting) std::cerr << "aftercommit: what was asked for is still being done; Ctrl-C leaves it there\n";
  if (!collector->end(acting ? kActPatience : kEndPatience)) ::_exit(kExitDone);
  return kExitDone;
}

}  // namespace aftercommit::cli
