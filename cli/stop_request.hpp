/// Ctrl-C while long work is done in parts.
#pragma once

#include <array>
#include <csignal>

namespace aftercommit::cli {

/// While it lives SIGINT, SIGTERM and SIGHUP only ask: the work is to end behind the part at hand, and to say
/// how far it has come.  A second one ends the process at once, which servers undo as far as the part has
/// come.  One that was ignored stays so.  One at a time.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(const StopRequest&) = delete;
  StopRequest& operator=(const StopRequest&) = delete;

  /// The signal that has asked; 0: none.
  static int asked() noexcept;

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

/// Ends this process by the signal, for a shell to see that it was stopped (128 + the signal, so 130 by
/// Ctrl-C), once all that was said is written; comes back, with that number, only where the signal is
/// blocked.
int end_by(int signal);

}  // namespace aftercommit::cli
