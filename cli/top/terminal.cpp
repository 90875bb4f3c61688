#include "cli/top/terminal.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "aftercommit/error.hpp"

namespace aftercommit::cli {
namespace {

// The other screen, no cursor, no wrapping; and back.
constexpr std::string_view kEnter = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[H\x1b[2J";
constexpr std::string_view kLeave = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";

constexpr std::array kTold{SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGWINCH};
constexpr std::array kFaults{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

// For handlers, which know of nothing else.
termios as_it_was{};
std::array<int, 2> told_pipe{-1, -1};
std::array<struct sigaction, kTold.size()> told_before{};
std::array<struct sigaction, kFaults.size()> faults_before{};

void write_all(std::string_view text) noexcept {
  while (!text.empty()) {
    const auto written = ::write(STDOUT_FILENO, text.data(), text.size());
    if (written > 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {
      pollfd room{.fd = STDOUT_FILENO, .events = POLLOUT, .revents = 0};
      if (::poll(&room, 1, 1000) == 0) return;  // nobody reads it
    } else if (errno != EINTR) {
      return;
    }
  }
}

void give_back() noexcept {
  write_all(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
}

extern "C" void aftercommit_top_told(int number) {
  const int error = errno;
  const auto byte = static_cast<unsigned char>(number);
  [[maybe_unused]] const auto written = ::write(told_pipe[1], &byte, 1);  // full: it has been told enough
  errno = error;
}

extern "C" void aftercommit_top_fault(int number) {
  give_back();
  ::signal(number, SIG_DFL);
  ::raise(number);
}

void handle(int number, void (*handler)(int), struct sigaction& before) {
  struct sigaction action {};
  action.sa_handler = handler;
  action.sa_flags = SA_RESTART;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(number, nullptr, &before);
  if (before.sa_handler != SIG_IGN) ::sigaction(number, &action, nullptr);  // as under nohup
}

}  // namespace

Terminal::Terminal() {
  if (::isatty(STDIN_FILENO) != 1 || ::isatty(STDOUT_FILENO) != 1 ||
      ::tcgetattr(STDIN_FILENO, &as_it_was) != 0) {
    throw UsageError{"top needs a terminal; for a file or a pipe use aftercommit stats --watch"};
  }
  if (::pipe2(told_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) {
    throw UsageError{std::string{"top cannot make a pipe: "} + std::strerror(errno)};
  }
  for (std::size_t i = 0; i < kTold.size(); ++i) handle(kTold[i], aftercommit_top_told, told_before[i]);
  for (std::size_t i = 0; i < kFaults.size(); ++i)
    handle(kFaults[i], aftercommit_top_fault, faults_before[i]);
  enter();
}

Terminal::~Terminal() {
  leave();
  for (std::size_t i = 0; i < kTold.size(); ++i) ::sigaction(kTold[i], &told_before[i], nullptr);
  for (std::size_t i = 0; i < kFaults.size(); ++i) ::sigaction(kFaults[i], &faults_before[i], nullptr);
  for (auto& end : told_pipe) {
    ::close(end);
    end = -1;
  }
}

void Terminal::enter() {
  auto raw = as_it_was;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // signals of keys stay
  raw.c_cc[VMIN] = 0;
  raw.c_cc[VTIME] = 0;
  ::tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  write_all(kEnter);
}

void Terminal::leave() { give_back(); }

ScreenSize Terminal::size() const {
  winsize window{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) != 0 || window.ws_row == 0 || window.ws_col == 0) return {};
  return {.rows = window.ws_row, .columns = window.ws_col};
}

void Terminal::draw(const std::vector<std::string>& lines) {
  // Emptied before and not behind: at the end of a full line the cursor stands on its last character.
  std::string frame = "\x1b[H";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    frame.append(i > 0 ? "\r\n" : "").append(i + 1 < lines.size() ? "\x1b[K" : "\x1b[J").append(lines[i]);
  }
  write_all(frame);
}

void Terminal::stop_for_a_while() {
  leave();
  const auto at = std::ranges::find(kTold, SIGTSTP) - kTold.begin();
  const auto& before = told_before.at(static_cast<std::size_t>(at));
  struct sigaction ours {};
  ::sigaction(SIGTSTP, &before, &ours);
  ::raise(SIGTSTP);  // comes back with SIGCONT
  ::sigaction(SIGTSTP, &ours, nullptr);
  enter();
}

Terminal::Event Terminal::wait(std::chrono::steady_clock::time_point deadline, int descriptor) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  std::array<pollfd, 3> all{{{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0},
                             {.fd = told_pipe[0], .events = POLLIN, .revents = 0},
                             {.fd = descriptor, .events = POLLIN, .revents = 0}}};
  ::poll(all.data(), all.size(), static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000)));
  Event event;
  std::array<char, 256> bytes{};
  if (const auto told = ::read(told_pipe[0], bytes.data(), bytes.size()); told > 0) {
    for (const char byte : std::string_view{bytes.data(), static_cast<std::size_t>(told)}) {
      const int number = static_cast<unsigned char>(byte);
      event.resized = event.resized || number == SIGWINCH || number == SIGTSTP;
      if (number == SIGTSTP) stop_for_a_while();
      if (number != SIGTSTP && number != SIGWINCH) event.signal = number;
    }
  }
  if ((all[0].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
    const auto typed = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    if (typed > 0) event.typed.assign(bytes.data(), static_cast<std::size_t>(typed));
    // A key that stops the program takes those before it out of the queue: then there is just nothing.
    const bool may_be_gone = (all[0].revents & (POLLHUP | POLLERR)) != 0;
    event.hung_up = (typed == 0 && may_be_gone) || (typed < 0 && errno != EINTR && errno != EAGAIN);
  }
  return event;
}

}  // namespace aftercommit::cli
