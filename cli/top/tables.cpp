#include "cli/top/tables.hpp"

#include <utility>

#include "cli/output.hpp"
#include "cli/top/columns.hpp"

namespace aftercommit::cli {
namespace {

using std::chrono::milliseconds;

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

}  // namespace

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

}  // namespace aftercommit::cli
