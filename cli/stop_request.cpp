#include "cli/stop_request.hpp"

#include <atomic>
#include <iostream>

namespace aftercommit::cli {
namespace {

std::atomic<int> stop_asked{0};  // for the handler, which knows of nothing else
static_assert(std::atomic<int>::is_always_lock_free);

extern "C" void aftercommit_stop_asked(int number) { stop_asked = number; }

}  // namespace

StopRequest::StopRequest() {
  stop_asked = 0;
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    struct sigaction action {};
    action.sa_handler = aftercommit_stop_asked;
    // Calls that wait go on; the next signal is as if there were no handler.
    action.sa_flags = static_cast<int>(SA_RESTART | SA_RESETHAND);
    ::sigemptyset(&action.sa_mask);
    ::sigaction(kSignals.at(i), nullptr, &before_.at(i));
    if (before_.at(i).sa_handler != SIG_IGN) ::sigaction(kSignals.at(i), &action, nullptr);  // as under nohup
  }
}

StopRequest::~StopRequest() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals.at(i), &before_.at(i), nullptr);
}

int StopRequest::asked() noexcept { return stop_asked; }

int end_by(int signal) {
  std::cout.flush();
  std::cerr.flush();
  ::signal(signal, SIG_DFL);
  ::raise(signal);
  return 128 + signal;
}

}  // namespace aftercommit::cli
