#include "base/log/log_stream.hpp"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <csignal>
#include <cstdio>
#include <ctime>
#include <utility>

#include "base/log/log_format.hpp"

namespace aftercommit {
namespace {

constexpr std::size_t kMostBytes = std::size_t{1024} * 1024;
constexpr std::size_t kMostLines = 10'000;
constexpr std::chrono::milliseconds kBetweenTries{200};  // where it cannot be written to at all

bool would_wait(int error) { return error == EAGAIN || error == EWOULDBLOCK; }

bool has_room(int file) noexcept {
  pollfd waiting{file, POLLOUT, 0};
  return ::poll(&waiting, 1, 0) > 0;
}

bool same(const struct ::stat& one, const struct ::stat& other) noexcept {
  return one.st_ino == other.st_ino && one.st_dev == other.st_dev;
}

/// One system call that writes, by a thread that has its signals blocked.  What it raises, as there is no
/// reader or the file has reached its limit, would wait for the program: so it is taken back.
template <class Write>
ssize_t without_its_signal(Write&& write) noexcept {
  ::sigset_t before{};
  ::sigpending(&before);
  const ssize_t written = write();
  const int error = errno;
  const int raised = error == EPIPE ? SIGPIPE : SIGXFSZ;
  if (written < 0 && (error == EPIPE || error == EFBIG) && ::sigismember(&before, raised) == 0) {
    ::sigset_t set{};
    ::sigemptyset(&set);
    ::sigaddset(&set, raised);
    constexpr timespec kNow{};
    ::sigtimedwait(&set, nullptr, &kNow);
  }
  errno = error;
  return written;
}

}  // namespace

LogStream::LogStream(int file) : file_{file} { ::fstat(file_, &at_first_); }

LogStream::~LogStream() { close(); }

void LogStream::open() noexcept {
  close();
  struct ::stat now {};
  if (::fstat(file_, &now) != 0) return;
  // Somebody has closed it, and a connection has got its number: that is no place for a log.
  if (S_ISSOCK(now.st_mode) && !same(now, at_first_)) return;
  opened_ = now;
  if (S_ISSOCK(now.st_mode)) {
    way_ = Way::kSend;
    return;
  }
  terminal_ = ::isatty(file_) != 0;
  if (!S_ISFIFO(now.st_mode) && !terminal_) {
    way_ = Way::kPlain;
    return;
  }
  // The description that we were given is shared with others, whose writes must go on waiting: so one of our
  // own.
  char path[40];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", file_);
  own_ = ::open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | O_APPEND);
  if (own_ >= 0) {
    way_ = Way::kReopen;
  } else if (errno != ENXIO && errno != EIO) {  // which say that there is nobody at the other end
    way_ = Way::kAsk;
  }
}

void LogStream::close() noexcept {
  if (own_ >= 0 && is_still_open()) ::close(own_);
  own_ = -1;
  way_ = Way::kNone;
}

/// Between two lines.
void LogStream::let_go() noexcept {
  if (!keeps_open_ && own_ >= 0) close();
}

/// A task may have closed the files of the process: by now the number may be that of a session with a server.
bool LogStream::is_still_open() noexcept {
  struct ::stat now {};
  return ::fstat(own_ >= 0 ? own_ : file_, &now) == 0 && same(now, opened_);
}

long LogStream::put(std::string_view text) noexcept {
  if (way_ == Way::kNone || !is_still_open()) open();
  ssize_t written = 0;
  do {
    errno = EPIPE;
    switch (way_) {
      case Way::kNone:
        return -1;
      case Way::kPlain:
        written = without_its_signal([&] { return ::write(file_, text.data(), text.size()); });
        break;
      case Way::kSend:
        written = ::send(file_, text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        break;
      case Way::kReopen:
        written = without_its_signal([&] { return ::write(own_, text.data(), text.size()); });
        break;
      case Way::kAsk:
        written = put_where_room(text);
        break;
    }
  } while (written < 0 && errno == EINTR);
  if (written >= 0) return written;
  if (would_wait(errno)) return 0;
  close();  // a terminal may come back as another, a pipe by another reader
  return -1;
}

/// Between the question and the write another process may fill a pipe; newer kernels spare us that.
long LogStream::put_where_room(std::string_view text) noexcept {
  // So much fits where there is room.  A terminal counts its room in whole buffers, and a line's end needs
  // two characters of it: it may be full in the midst of any text.
  const std::size_t longest = terminal_ ? 1 : PIPE_BUF;
  std::size_t done = 0;
  while (done < text.size() && has_room(file_)) {
    const auto part = text.substr(done, longest);
    const ::iovec bytes{const_cast<char*>(part.data()), part.size()};
    auto written = without_its_signal([&] { return ::pwritev2(file_, &bytes, 1, -1, RWF_NOWAIT); });
    if (written < 0 && errno == EOPNOTSUPP) {
      written = without_its_signal([&] { return ::write(file_, part.data(), part.size()); });
    }
    if (written < 0 && done == 0) return -1;
    if (written <= 0) break;
    done += static_cast<std::size_t>(written);
  }
  if (done == 0) errno = EAGAIN;
  return done == 0 ? -1 : static_cast<long>(done);
}

/// True if nothing is left.
bool LogStream::drain() noexcept {
  if (kept_.empty() && dropped_ == 0) return true;
  if (Clock::now() < try_at_) return false;
  return put_kept() && put_notice() && put_kept();
}

bool LogStream::put_kept() noexcept {
  while (!kept_.empty()) {
    auto& line = kept_.front();
    const auto written = put(line);
    if (written < 0) {
      give_up();
      return false;
    }
    kept_bytes_ -= static_cast<std::size_t>(written);
    if (static_cast<std::size_t>(written) < line.size()) {
      line.erase(0, static_cast<std::size_t>(written));
      begun_ = begun_ || written > 0;
      return false;
    }
    kept_.pop_front();
    begun_ = false;
  }
  return true;
}

/// What is dropped came after all that was kept.
bool LogStream::put_notice() noexcept {
  if (dropped_ == 0) return true;
  try {
    auto line = notice_ ? notice_(dropped_) : std::to_string(dropped_) + " log lines were dropped\n";
    if (torn_) line.insert(line.begin(), '\n');
    const auto written = put(line);
    if (written < 0) {
      try_at_ = Clock::now() + kBetweenTries;
      return false;
    }
    if (written == 0) return false;
    dropped_ = 0;
    torn_ = false;
    if (static_cast<std::size_t>(written) < line.size()) {
      keep(std::string_view{line}.substr(static_cast<std::size_t>(written)), true);
      return false;
    }
    return true;
  } catch (const std::exception&) {
    return false;  // no memory: the next line tries again
  }
}

void LogStream::drop(std::size_t lines) noexcept {
  dropped_ += lines;
  dropped_ever_.add(lines);
}

void LogStream::keep(std::string_view text, bool begun) noexcept {
  if (kept_.size() >= kMostLines || kept_bytes_ + text.size() > kMostBytes || dropped_ > 0) {
    drop(1);
    torn_ = torn_ || begun;
    return;
  }
  try {
    kept_.emplace_back(text);
    kept_bytes_ += text.size();
    begun_ = begun_ || begun;  // then it is the only one
  } catch (const std::exception&) {
    drop(1);
    torn_ = torn_ || begun;
  }
}

void LogStream::give_up() noexcept {
  drop(kept_.size());
  torn_ = torn_ || begun_;
  begun_ = false;
  kept_.clear();
  kept_bytes_ = 0;
  try_at_ = Clock::now() + kBetweenTries;
}

void LogStream::set_notice(Notice notice) {
  const Held held{*this};
  notice_ = std::move(notice);
}

void LogStream::keep_open() noexcept {
  const Held held{*this};
  keeps_open_ = true;
}

void LogStream::write(std::string_view line) noexcept {
  const Held held{*this};
  if (!drain()) {
    keep(line, false);
  } else if (const auto written = put(line); written < 0) {
    drop(1);
    try_at_ = Clock::now() + kBetweenTries;
  } else if (static_cast<std::size_t>(written) < line.size()) {
    keep(line.substr(static_cast<std::size_t>(written)), written > 0);
  }
  let_go();
}

void LogStream::lost() noexcept {
  const Held held{*this};
  drop(1);
}

bool LogStream::is_behind() noexcept {
  const Held held{*this};
  const bool behind = !drain();
  let_go();
  return behind;
}

void LogStream::flush(std::chrono::milliseconds longest) noexcept {
  const auto deadline = Clock::now() + longest;
  while (is_behind()) {
    int file = -1;
    {
      const Held held{*this};
      if (kept_.empty()) return;  // nobody is there to tell how many were dropped
      file = own_ >= 0 ? own_ : file_;
    }
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0) return;
    pollfd waiting{file, POLLOUT, 0};
    ::poll(&waiting, 1, static_cast<int>(left));
  }
}

void LogStream::after_fork_in_child() noexcept {
  kept_.clear();
  kept_bytes_ = 0;
  dropped_ = 0;
  begun_ = false;
  torn_ = false;
  mutex_.unlock();
}

LogStream& standard_error() {
  static LogStream& instance = []() -> LogStream& {
    auto& made = *new LogStream{STDERR_FILENO};
    made.set_notice([](std::size_t dropped) { return render_dropped(dropped, render_text); });
    ::pthread_atfork([] { standard_error().before_fork(); }, [] { standard_error().after_fork_in_parent(); },
                     [] { standard_error().after_fork_in_child(); });
    return made;
  }();
  return instance;
}

namespace {

/// Before there are other threads: a child that is forked while one of them makes it would wait for ever.
/// At the end of the process what is kept is tried once more.
struct WithTheProcess {
  WithTheProcess() { standard_error(); }
  ~WithTheProcess() { standard_error().is_behind(); }
} const with_the_process;

}  // namespace

}  // namespace aftercommit
