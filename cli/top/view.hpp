/// What `top` makes of keys, and what it shows: without a terminal and without a server, for tests as well.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/top/keys.hpp"
#include "cli/top/snapshot.hpp"

namespace aftercommit::cli {

enum class Tab : std::uint8_t { kQueues, kDead, kWorkers, kPeriodic, kLimits };

/// Something that a key asks for.
struct Act {
  enum class Kind : std::uint8_t {
    kPause,
    kResume,
    kRetry,
    kRetryAll,
    kDelete,
    kPausePeriodic,
    kResumePeriodic,
    kRunPeriodic,
    kSetLimit,
    kResetLimit,
  };
  Kind kind = Kind::kPause;
  Queue queue{};           ///< of kPause, kResume and kRetryAll
  std::string id{};        ///< of a dead job
  std::string name{};      ///< of a periodic task or a limit
  std::string app{};       ///< of a periodic task, as the next
  std::string database{};  ///< alias
  int most = 0;            ///< of kSetLimit
};

/// "Retry all dead jobs of queue mail"
std::string in_words(const Act& act);

struct View {
  Tab tab = Tab::kQueues;
  std::map<Tab, std::string> selected{};  ///< the name or id of the marked line: it stays so while lines move
  std::map<Tab, std::size_t> line{};      ///< where it last was
  bool help = false;
  std::optional<Act> question{};  ///< asked, and not yet answered
  std::string message{};          ///< what has become of the last act
  bool quit = false;
};

/// What a key does to the view; an act that is to be done now, if that is what it asks for.  All but pausing
/// and resuming is asked first.
std::optional<Act> press(View& view, const Snapshot& snapshot, const KeyPress& key);

struct ScreenSize {
  std::size_t rows = 24;
  std::size_t columns = 80;
};

/// Exactly so many lines, none of them wider.  No text of a job can steer the terminal.
std::vector<std::string> lines_of(View& view, const Snapshot& snapshot, ScreenSize size, bool coloured);

}  // namespace aftercommit::cli
