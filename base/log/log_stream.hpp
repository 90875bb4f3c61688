/// A file that log lines go to, and that nobody ever waits for.
#pragma once

#include <sys/stat.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>

#include "base/metrics/counts.hpp"
#include "base/process/signals_blocked.hpp"

namespace aftercommit {

/// Standard error may be a pipe that nobody reads, a terminal that is held (Ctrl-S) or gone, a full disk.
/// What cannot be written now is kept, 1 MiB and 10,000 lines of it; what comes beyond that, or where it
/// cannot be written at all, is dropped and counted.  The count is told, in its place, when lines can be
/// written again. Thread-safe; no call waits, flush() apart, nor leaves a signal behind.
class LogStream {
 public:
  /// Makes the line that tells of so many dropped ones, with its end.
  using Notice = std::function<std::string(std::size_t dropped)>;

  /// `file` is not owned.  A socket that gets its number later is a connection of somebody's, and is left
  /// alone.
  explicit LogStream(int file);
  ~LogStream();
  LogStream(const LogStream&) = delete;
  LogStream& operator=(const LogStream&) = delete;

  void set_notice(Notice notice);
  /// A pipe or a terminal is opened for each line anew, since a program may close its own, and whoever reads
  /// it then waits for its end.  From now on it stays open: for programs that keep theirs, and log much.
  void keep_open() noexcept;
  /// One line, with its end.
  void write(std::string_view line) noexcept;
  /// A line that could not even be made.
  void lost() noexcept;
  /// How many were dropped until now, whether or not that could be told.
  std::uint64_t dropped_ever() const noexcept { return dropped_ever_.get(); }
  /// Tries again what is kept; true if some of it is left.
  bool is_behind() noexcept;
  /// The same until it is written, or so long at most.
  void flush(std::chrono::milliseconds longest) noexcept;

  // Around a fork: what is kept is the parent's to write.
  void before_fork() { mutex_.lock(); }
  void after_fork_in_parent() { mutex_.unlock(); }
  void after_fork_in_child() noexcept;

 private:
  using Clock = std::chrono::steady_clock;
  enum class Way {
    kNone,    ///< it cannot be written to now
    kPlain,   ///< by write(): a file never makes one wait for its reader
    kSend,    ///< a socket, by send(), which can be told not to wait
    kReopen,  ///< a pipe or a terminal, by a description of our own that does not wait
    kAsk,     ///< the same where it may not be opened again: asked first whether there is room
  };
  /// No signal reaches this thread meanwhile: neither those that a write raises, nor one whose handler would
  /// log, too.
  struct Held {
    explicit Held(LogStream& stream) : lock{stream.mutex_} {}
    detail::SignalsBlocked blocked{};
    std::lock_guard<std::mutex> lock;
  };

  void open() noexcept;  // with mutex_ held, as what follows
  void close() noexcept;
  void let_go() noexcept;
  bool is_still_open() noexcept;
  /// How much of it could be written; -1 if none of it ever can be, for now.
  long put(std::string_view text) noexcept;
  long put_where_room(std::string_view text) noexcept;
  bool drain() noexcept;
  bool put_kept() noexcept;
  bool put_notice() noexcept;
  void keep(std::string_view text, bool begun) noexcept;
  void give_up() noexcept;
  void drop(std::size_t lines) noexcept;

  const int file_;
  struct ::stat at_first_ {};  // constant after construction
  std::mutex mutex_;           // protects what follows
  Notice notice_;
  Way way_ = Way::kNone;
  bool keeps_open_ = false;
  bool terminal_ = false;
  int own_ = -1;  // for kReopen
  struct ::stat opened_ {};
  std::deque<std::string> kept_;
  std::size_t kept_bytes_ = 0;
  std::size_t dropped_ = 0;  // and not told of
  Count dropped_ever_;
  bool begun_ = false;  // a part of the first line that is kept has been written
  bool torn_ = false;   // the last line that was begun was never ended
  Clock::time_point try_at_{};
};

/// That of this process for its standard error.  Never destroyed: threads may log while the process ends.
LogStream& standard_error();

}  // namespace aftercommit
