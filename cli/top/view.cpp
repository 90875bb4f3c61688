/// The screen, line by line.
#include "cli/top/view.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "base/log/log_format.hpp"
#include "cli/colour.hpp"
#include "cli/output.hpp"
#include "cli/top/columns.hpp"
#include "cli/top/marked_line.hpp"
#include "cli/top/tables.hpp"

namespace aftercommit::cli {
namespace {

constexpr std::size_t kAround = 6;  // lines that are not of the table: three above its headings, two below

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
