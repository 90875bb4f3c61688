#include "cli/top/view.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>
#include <utility>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/colour.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kAround = 6;  // lines that are not of the table: three above its headings, two below

// --- Text of a fixed width, counted in characters.

std::size_t characters(std::string_view text) {
  std::size_t count = 0;
  while (!text.empty()) {
    text.remove_prefix(std::max<std::size_t>(utf8_length(text), 1));
    ++count;
  }
  return count;
}

/// Its first characters, the last of them a '+' where more would follow.
std::string cut(std::string_view text, std::size_t width) {
  const auto clean = in_one_line(text, 4096);
  if (characters(clean) <= width) return clean;
  std::string some;
  std::string_view rest{clean};
  for (std::size_t i = 0; i + 1 < width; ++i) {
    const auto length = std::max<std::size_t>(utf8_length(rest), 1);
    some.append(rest.substr(0, length));
    rest.remove_prefix(length);
  }
  return width > 0 ? some + "+" : some;
}

std::string left(std::string_view text, std::size_t width) {
  auto field = cut(text, width);
  return field.append(width - characters(field), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  const auto field = cut(text, width);
  return std::string(width - characters(field), ' ') + field;
}

/// "1234", "99k", "12M": in four characters or five.
std::string brief(std::int64_t number) {
  if (number < 100'000) return std::to_string(number);
  if (number < 10'000'000) return std::to_string(number / 1000) + "k";
  return std::to_string(number / 1'000'000) + "M";
}

std::string brief(const operate::Sized& number) {
  return (number.is_estimate ? "~" : "") + brief(number.jobs) + (number.at_least ? "+" : "");
}

std::string brief(const std::optional<double>& rate) {
  if (!rate) return "-";
  if (*rate > 0 && *rate < 9.95) {
    const auto tenths = std::lround(*rate * 10);
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
  }
  return brief(static_cast<std::int64_t>(std::llround(*rate)));
}

std::string brief(const std::optional<milliseconds>& age) { return age ? span(*age) : "-"; }

// --- The marked line.

std::vector<std::string> names_in(const View& view, const Snapshot& snapshot) {
  std::vector<std::string> names;
  if (view.tab == Tab::kQueues) {
    for (const auto& queue : snapshot.queues) names.push_back(queue.name);
  } else if (view.tab == Tab::kDead) {
    for (const auto& dead : snapshot.dead) names.push_back(dead.id);
  } else if (view.tab == Tab::kWorkers) {
    for (const auto& worker : snapshot.workers) names.push_back(worker.id);
  } else if (view.tab == Tab::kPeriodic) {
    for (const auto& periodic : snapshot.periodic) names.push_back(periodic.id);
  } else {
    for (const auto& limit : snapshot.limits) names.push_back(limit.id);
  }
  return names;
}

/// Where the marked one stands now; the one that has come to its place where it is gone.  Nothing: no lines.
std::optional<std::size_t> marked(View& view, const std::vector<std::string>& names) {
  if (names.empty()) return std::nullopt;
  auto& name = view.selected[view.tab];
  auto& line = view.line[view.tab];
  const auto found = std::ranges::find(names, name);
  line = found != names.end() ? static_cast<std::size_t>(found - names.begin())
                              : std::min(line, names.size() - 1);
  name = names[line];
  return line;
}

void mark(View& view, const std::vector<std::string>& names, std::ptrdiff_t step) {
  const auto now = marked(view, names);
  if (!now) return;
  const auto last = static_cast<std::ptrdiff_t>(names.size()) - 1;
  const auto line = std::clamp<std::ptrdiff_t>(static_cast<std::ptrdiff_t>(*now) + step, 0, last);
  view.line[view.tab] = static_cast<std::size_t>(line);
  view.selected[view.tab] = names[static_cast<std::size_t>(line)];
}

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

// --- The lines.

struct Line {
  std::string text;
  Colour colour = Colour::kNone;
};

std::string servers_in_words(const Snapshot& snapshot) {
  std::string text = snapshot.redis_answers ? "Redis answers" : "Redis does not answer";
  if (snapshot.databases == 0) return text + ", no database given";
  const auto answer = snapshot.databases - snapshot.databases_away;
  return text + ", " + std::to_string(answer) + " of " + count_of(snapshot.databases, "database");
}

void add_head(const View& view, const Snapshot& snapshot, std::vector<Line>& lines) {
  const bool looked = snapshot.at != std::chrono::system_clock::time_point{};
  lines.push_back({"aftercommit  " +
                       (looked ? utc(snapshot.at).substr(0, 19) + "Z" : std::string{"looking"}) + "  " +
                       (looked ? servers_in_words(snapshot) : ""),
                   Colour::kBold});
  std::int64_t ready = 0, delayed = 0, running = 0;
  operate::Sized dead;
  std::optional<double> rate;
  for (const auto& queue : snapshot.queues) {
    ready += queue.ready;
    delayed += queue.delayed;
    running += queue.running;
    dead = operate::sum(dead, queue.dead);
    if (queue.rate) rate = rate.value_or(0) + *queue.rate;
  }
  lines.push_back({"ready " + brief(ready) + "  delayed " + brief(delayed) + "  running " + brief(running) +
                   "  dead " + brief(dead) + "  " + brief(rate) + "/s  relay lag " +
                   brief(snapshot.relay_lag) + "  workers " + std::to_string(snapshot.workers.size())});
  std::string tabs;
  constexpr auto kTabs = std::to_array<std::pair<Tab, std::string_view>>({{Tab::kQueues, "1 queues"},
                                                                          {Tab::kDead, "2 dead jobs"},
                                                                          {Tab::kWorkers, "3 workers"},
                                                                          {Tab::kPeriodic, "4 periodic"},
                                                                          {Tab::kLimits, "5 limits"}});
  for (const auto& [tab, name] : kTabs) {
    tabs.append(tab == view.tab ? "[" : " ").append(name).append(tab == view.tab ? "] " : "  ");
  }
  lines.push_back({tabs});
}

Line queue_line(const QueueLine& queue, std::size_t width) {
  const auto name = queue.paused ? queue.name + " (paused)" : queue.name;
  constexpr std::size_t kOthers = 7 + 8 + 8 + 7 + 7 + 9 + 8;
  auto text = left(name, width - kOthers) + right(brief(queue.ready), 7) + right(brief(queue.delayed), 8) +
              right(brief(queue.running), 8) + right(brief(queue.dead), 7) + right(brief(queue.rate), 7) +
              right(brief(queue.oldest), 9) + right(std::to_string(queue.workers), 8);
  const bool unserved = queue.workers == 0 && queue.ready + queue.delayed + queue.running > 0;
  return {std::move(text), unserved || queue.paused ? Colour::kYellow
                           : queue.dead.jobs > 0    ? Colour::kRed
                                                    : Colour::kNone};
}

Line dead_line(const DeadLine& dead, std::size_t width) {
  const auto id = dead.id.size() == 36 ? ".." + dead.id.substr(24) : dead.id;
  return {left(id, 15) + left(dead.queue, 11) + left(dead.task, 17) +
          right(brief(std::optional{dead.age}), 7) + "  " + left(dead.reason, width - 52)};
}

Line worker_line(const WorkerLine& worker, std::size_t width) {
  std::string queues;
  for (const auto& queue : worker.queues) queues.append(queues.empty() ? "" : ",").append(queue);
  const bool gone = worker.lease <= milliseconds{0};
  auto running = std::to_string(worker.running);
  if (worker.concurrency > 0) running += " of " + std::to_string(worker.concurrency);
  auto task = worker.task;
  if (worker.task_age) task += " " + span(*worker.task_age);
  return {left(worker.id, 30) + right(gone ? "ended" : span(worker.lease), 7) + right(running, 9) + "  " +
              left(task, 20) + " " + left(queues, width - 69),
          gone ? Colour::kRed : Colour::kNone};
}

Line periodic_line(const PeriodicLine& periodic, std::size_t width) {
  const auto next = !periodic.until_next                      ? std::string{"-"}
                    : *periodic.until_next <= milliseconds{0} ? std::string{"now"}
                                                              : span(*periodic.until_next);
  return {left(periodic.name, 23) + " " + left(periodic.state, 7) + left(periodic.schedule, 17) +
              right(next, 8) + right(brief(periodic.last_ago), 8) + "  " + left(periodic.task, width - 66),
          periodic.is_gone()     ? Colour::kRed
          : periodic.is_paused() ? Colour::kYellow
                                 : Colour::kNone};
}

/// "1 at once", "10 in 1 s", "10 in 1500 ms"
std::string limit_in_words(int most, const std::optional<milliseconds>& per) {
  if (!per) return std::to_string(most) + " at once";
  const bool whole = per->count() % 1000 == 0;
  return std::to_string(most) + " in " +
         (whole ? std::to_string(per->count() / 1000) + " s" : std::to_string(per->count()) + " ms");
}

Line limit_line(const LimitLine& limit, std::size_t width) {
  return {left(limit.name, width - 55) + left(limit_in_words(limit.most, limit.per), 16) +
              left(limit.per_key ? "each key" : "all", 9) + left(std::to_string(limit.declared), 9) +
              right(brief(limit.changed_ago), 8) + "  " + left(limit.database, 11),
          limit.most == 0     ? Colour::kRed
          : limit.changed_ago ? Colour::kYellow
                              : Colour::kNone};
}

Line headings(Tab tab, std::size_t width) {
  if (tab == Tab::kQueues) {
    return {left("queue", width - 54) + right("ready", 7) + right("delayed", 8) + right("running", 8) +
                right("dead", 7) + right("rate/s", 7) + right("oldest", 9) + right("workers", 8),
            Colour::kBold};
  }
  if (tab == Tab::kDead) {
    return {left("id", 15) + left("queue", 11) + left("task", 17) + right("died", 7) + "  " +
                left("reason", width - 52),
            Colour::kBold};
  }
  if (tab == Tab::kPeriodic) {
    return {left("name", 23) + " " + left("state", 7) + left("schedule", 17) + right("next in", 8) +
                right("last", 8) + "  " + left("task", width - 66),
            Colour::kBold};
  }
  if (tab == Tab::kLimits) {
    return {left("name", width - 55) + left("at most", 16) + left("for", 9) + left("declared", 9) +
                right("changed", 8) + "  " + left("database", 11),
            Colour::kBold};
  }
  return {left("worker", 30) + right("lease", 7) + right("running", 9) + "  " + left("longest", 20) + " " +
              left("queues", width - 69),
          Colour::kBold};
}

std::vector<Line> table_of(const View& view, const Snapshot& snapshot, std::size_t width) {
  std::vector<Line> table;
  if (view.tab == Tab::kQueues) {
    for (const auto& queue : snapshot.queues) table.push_back(queue_line(queue, width));
  } else if (view.tab == Tab::kDead) {
    for (const auto& dead : snapshot.dead) table.push_back(dead_line(dead, width));
  } else if (view.tab == Tab::kWorkers) {
    for (const auto& worker : snapshot.workers) table.push_back(worker_line(worker, width));
  } else if (view.tab == Tab::kPeriodic) {
    for (const auto& periodic : snapshot.periodic) table.push_back(periodic_line(periodic, width));
  } else {
    for (const auto& limit : snapshot.limits) table.push_back(limit_line(limit, width));
  }
  return table;
}

const char* nothing_in(Tab tab) {
  switch (tab) {
    case Tab::kQueues:
      return "no queue holds anything";
    case Tab::kDead:
      return "no dead jobs";
    case Tab::kPeriodic:
      return "no periodic tasks";
    case Tab::kLimits:
      return "no limits";
    case Tab::kWorkers:
      break;
  }
  return "no worker holds a lease";
}

void add_help(std::vector<Line>& lines) {
  constexpr auto kHelp = std::to_array<std::string_view>(
      {"1 to 5, Tab  queues, dead jobs, workers, periodic tasks, limits",
       "Up Down      mark a line; also j and k, Page Up and Page Down",
       "p            pause or resume the marked queue or periodic task",
       "R            retry all dead jobs of the marked queue", "r            retry the marked dead job",
       "x            delete the marked dead job", "n            run the marked periodic task once, now",
       "+ - 0 d      one more or fewer for the marked limit, none, or as declared",
       "?            this, and back", "q            end", "",
       "rate/s: attempts that ended in a second.  ~12k: about, 5000+: at least so many.",
       "oldest: how long the first of the ready and running jobs has been there."});
  for (const auto text : kHelp) lines.push_back({std::string{text}});
}

std::string keys_in(Tab tab) {
  switch (tab) {
    case Tab::kQueues:
      return "p pause/resume  R retry its dead jobs  Tab next  ? help  q quit";
    case Tab::kDead:
      return "r retry  x delete  Tab next  ? help  q quit";
    case Tab::kPeriodic:
      return "p pause/resume  n run now  Tab next  ? help  q quit";
    case Tab::kLimits:
      return "+ more  - fewer  0 none  d as declared  Tab next  ? help  q quit";
    case Tab::kWorkers:
      break;
  }
  return "Tab next  ? help  q quit";
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

std::vector<std::string> lines_of(View& view, const Snapshot& snapshot, ScreenSize size, bool coloured) {
  const std::size_t width =
      std::max<std::size_t>(size.columns, 80);  // what is beyond the screen is cut below
  const std::size_t room = size.rows > kAround ? size.rows - kAround : 0;
  std::vector<Line> lines;
  add_head(view, snapshot, lines);
  std::size_t marked_line = size.rows;  // none
  if (view.help) {
    add_help(lines);
  } else {
    lines.push_back(headings(view.tab, width));
    auto table = table_of(view, snapshot, width);
    const auto line = marked(view, names_in(view, snapshot));
    const bool looked = snapshot.at != std::chrono::system_clock::time_point{};
    if (!line && looked) table.push_back({nothing_in(view.tab)});
    const std::size_t first = line && *line >= room ? *line - room + 1 : 0;
    if (line && room > 0) marked_line = lines.size() + *line - first;
    for (std::size_t i = first; i < table.size() && i < first + room; ++i)
      lines.push_back(std::move(table[i]));
  }
  lines.resize(size.rows >= 2 ? size.rows - 2 : 0);
  if (view.question) {
    lines.push_back({in_words(*view.question) + "?  y: yes, any other key: no", Colour::kYellow});
  } else if (!view.message.empty()) {
    lines.push_back({view.message});
  } else {
    lines.push_back({snapshot.trouble, Colour::kRed});
  }
  lines.push_back({keys_in(view.tab), Colour::kDim});
  lines.resize(size.rows);
  std::vector<std::string> shown;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    auto text = cut(lines[i].text, size.columns);
    if (i == marked_line) {
      shown.push_back("\x1b[7m" + left(text, size.columns) + "\x1b[0m");
    } else {
      shown.push_back(coloured ? painted(text, lines[i].colour) : text);
    }
  }
  return shown;
}

}  // namespace aftercommit::cli
