/// `aftercommit dashboard`: pages for a browser, until it is stopped.
#include "dashboard/dashboard.hpp"

#include <unistd.h>

#include <atomic>
#include <csignal>
#include <iostream>
#include <thread>

#include "aftercommit/error.hpp"
#include "cli/commands.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {

int dashboard(const Options& options) {
  auto settings = options.dashboard_settings;
  settings.version = AFTERCOMMIT_VERSION;
  // Before any thread is made, so that all of them leave these to the one that waits.
  sigset_t ends{};
  sigemptyset(&ends);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&ends, signal);
  pthread_sigmask(SIG_BLOCK, &ends, nullptr);
  std::signal(SIGPIPE, SIG_IGN);

  aftercommit::dashboard::Dashboard server{settings, options.connections};
  for (const auto& warning : server.warnings()) warn(warning);
  std::atomic<bool> asked_to_end = false;
  std::atomic<bool> ended = false;
  std::jthread answering{[&] {
    server.run();
    ended = true;
    if (!asked_to_end) ::kill(::getpid(), SIGTERM);  // else it would stand there and answer nobody
  }};
  std::cout << "the dashboard is at " << server.url() << " until this is stopped by Ctrl-C" << std::endl;
  int signal = 0;
  sigwait(&ends, &signal);
  asked_to_end = true;
  pthread_sigmask(SIG_UNBLOCK, &ends, nullptr);  // whoever is in a hurry, and asks once more, need not wait
  if (ended) throw ConfigError{"the dashboard cannot take connections any more: start it anew"};
  server.stop();
  return kExitDone;
}

}  // namespace aftercommit::cli
