/// A terminal for a program that draws on all of it, and gives it back as it was.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/top/view.hpp"

namespace aftercommit::cli {

/// One at a time.  From construction to destruction keys come one by one, and what was on the screen is kept
/// aside.  It is given back at any end of the process that can be seen: by an exception, by SIGINT, SIGTERM,
/// SIGHUP or SIGQUIT, by a fault (SIGSEGV and its like); and meanwhile where SIGTSTP stops it.
class Terminal {
 public:
  /// UsageError where standard input or output is no terminal.
  Terminal();
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  ScreenSize size() const;
  /// Lines from the top; those that are left over are emptied.
  void draw(const std::vector<std::string>& lines);

  struct Event {
    std::string typed{};   ///< bytes of keys
    bool resized = false;  ///< or back after a stop: draw anew
    int signal = 0;        ///< one that ends the program: destroy this and raise it again
    bool hung_up = false;  ///< nobody types any more
  };
  /// Waits for something to happen, until `deadline`, or until `descriptor` can be read.
  Event wait(std::chrono::steady_clock::time_point deadline, int descriptor);

 private:
  void enter();
  void leave();
  void stop_for_a_while();
};

}  // namespace aftercommit::cli
