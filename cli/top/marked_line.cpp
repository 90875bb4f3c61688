#include "cli/top/marked_line.hpp"

#include <algorithm>

namespace aftercommit::cli {

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

}  // namespace aftercommit::cli
