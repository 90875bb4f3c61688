/// What keys ask for.
#include <algorithm>
#include <utility>

#include "cli/top/marked_line.hpp"
#include "cli/top/view.hpp"

namespace aftercommit::cli {
namespace {

void show(View& view, Tab tab) {
  view.tab = tab;
  view.help = false;
}

constexpr int kMostOfALimit = 10'000;

std::optional<Act> act_on(const PeriodicLine& periodic, char letter) {
  Act act{.name = periodic.name, .app = periodic.app, .database = periodic.database};
  if (letter == 'p') {
    act.kind = periodic.is_paused() ? Act::Kind::kResumePeriodic : Act::Kind::kPausePeriodic;
  } else if (letter == 'n') {
    act.kind = Act::Kind::kRunPeriodic;
  } else {
    return std::nullopt;
  }
  return act;
}

std::optional<Act> act_on(const LimitLine& limit, char letter) {
  Act act{.kind = Act::Kind::kSetLimit, .name = limit.name, .database = limit.database};
  if (letter == '+') {
    act.most = std::min(limit.most + 1, kMostOfALimit);
  } else if (letter == '-') {
    act.most = std::max(limit.most - 1, 0);
  } else if (letter == '0') {
    act.most = 0;
  } else if (letter == 'd') {
    act.kind = Act::Kind::kResetLimit;
  } else {
    return std::nullopt;
  }
  return act;
}

/// What a letter asks for, of the marked line.
std::optional<Act> act_of(View& view, const Snapshot& snapshot, char letter) {
  const auto line = marked(view, names_in(view, snapshot));
  if (!line) return std::nullopt;
  if (view.tab == Tab::kQueues) {
    const auto& queue = snapshot.queues[*line];
    if (letter == 'p') {
      return Act{.kind = queue.paused ? Act::Kind::kResume : Act::Kind::kPause, .queue = queue.name};
    }
    if (letter == 'R') return Act{.kind = Act::Kind::kRetryAll, .queue = queue.name};
  } else if (view.tab == Tab::kDead) {
    const auto& dead = snapshot.dead[*line];
    if (letter == 'r') return Act{.kind = Act::Kind::kRetry, .id = dead.id};
    if (letter == 'x') return Act{.kind = Act::Kind::kDelete, .id = dead.id};
  } else if (view.tab == Tab::kPeriodic) {
    return act_on(snapshot.periodic[*line], letter);
  } else if (view.tab == Tab::kLimits) {
    return act_on(snapshot.limits[*line], letter);
  }
  return std::nullopt;
}

bool is_asked(Act::Kind kind) {
  switch (kind) {
    case Act::Kind::kPause:
    case Act::Kind::kResume:
    case Act::Kind::kPausePeriodic:
    case Act::Kind::kResumePeriodic:
      return false;
    default:
      return true;
  }
}

}  // namespace

std::string in_words(const Act& act) {
  switch (act.kind) {
    case Act::Kind::kPause:
      return "Pause queue " + act.queue;
    case Act::Kind::kResume:
      return "Resume queue " + act.queue;
    case Act::Kind::kRetry:
      return "Retry dead job " + act.id;
    case Act::Kind::kRetryAll:
      return "Retry all dead jobs of queue " + act.queue;
    case Act::Kind::kPausePeriodic:
      return "Pause periodic task '" + act.name + "'";
    case Act::Kind::kResumePeriodic:
      return "Resume periodic task '" + act.name + "'";
    case Act::Kind::kRunPeriodic:
      return "Run periodic task '" + act.name + "' once, now";
    case Act::Kind::kSetLimit:
      return "Set limit '" + act.name + "' to " + std::to_string(act.most) +
             (act.most == 0 ? ", so that none of its jobs begins" : "");
    case Act::Kind::kResetLimit:
      return "Make limit '" + act.name + "' what it is declared as";
    case Act::Kind::kDelete:
      break;
  }
  return "Delete dead job " + act.id + " for good";
}

std::optional<Act> press(View& view, const Snapshot& snapshot, const KeyPress& key) {
  if (view.question) {  // any other key than yes is no
    auto act = std::exchange(view.question, std::nullopt);
    const bool yes = key.key == Key::kLetter && (key.letter == 'y' || key.letter == 'Y');
    view.message = yes ? in_words(*act) + " ..." : "nothing was changed";
    return yes ? act : std::nullopt;
  }
  const auto names = names_in(view, snapshot);
  switch (key.key) {
    case Key::kUp:
      mark(view, names, -1);
      return std::nullopt;
    case Key::kDown:
      mark(view, names, 1);
      return std::nullopt;
    case Key::kPageUp:
      mark(view, names, -10);
      return std::nullopt;
    case Key::kPageDown:
      mark(view, names, 10);
      return std::nullopt;
    case Key::kHome:
      mark(view, names, -static_cast<std::ptrdiff_t>(names.size()));
      return std::nullopt;
    case Key::kEnd:
      mark(view, names, static_cast<std::ptrdiff_t>(names.size()));
      return std::nullopt;
    case Key::kTab:
      show(view, view.tab == Tab::kLimits ? Tab::kQueues : static_cast<Tab>(static_cast<int>(view.tab) + 1));
      return std::nullopt;
    case Key::kEscape:
    case Key::kEnter:
      view.help = false;
      view.message.clear();
      return std::nullopt;
    case Key::kLetter:
      break;
  }
  switch (key.letter) {
    case 'q':
      view.quit = true;
      return std::nullopt;
    case '?':
    case 'h':
      view.help = !view.help;
      return std::nullopt;
    case 'j':
      mark(view, names, 1);
      return std::nullopt;
    case 'k':
      mark(view, names, -1);
      return std::nullopt;
    case '1':
      show(view, Tab::kQueues);
      return std::nullopt;
    case '2':
      show(view, Tab::kDead);
      return std::nullopt;
    case '3':
      show(view, Tab::kWorkers);
      return std::nullopt;
    case '4':
      show(view, Tab::kPeriodic);
      return std::nullopt;
    case '5':
      show(view, Tab::kLimits);
      return std::nullopt;
    default:
      break;
  }
  auto act = act_of(view, snapshot, key.letter);
  if (!act || view.help) return std::nullopt;
  if (!is_asked(act->kind)) {
    view.message = in_words(*act) + " ...";
    return act;
  }
  view.question = std::move(act);
  return std::nullopt;
}

}  // namespace aftercommit::cli
