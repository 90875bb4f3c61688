/// `aftercommit dead list` and `dead show`: dead jobs to look at.
#include <algorithm>
#include <iostream>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/dead_jobs.hpp"
#include "cli/output.hpp"

namespace aftercommit::cli {
namespace {

using Fate = DeadJobs::Fate;

constexpr std::size_t kReasonShown = 100;  // bytes, in a list

/// Where it is kept, in a word: the alias of a database, or redis.
std::string place(const DeadJob& dead) { return dead.store != nullptr ? dead.store->alias : "redis"; }

std::string cause(const DeadJob& dead) {
  return dead.letter ? std::string{to_string(dead.letter->cause)} : std::string{"unreadable"};
}

std::string reason(const DeadJob& dead) { return dead.letter ? dead.letter->reason : dead.flaw; }

Json or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

/// Without the arguments and what else a list need not show.
Json in_json(const DeadJob& dead) {
  return {{"id", dead.id},
          {"durable", dead.store != nullptr},
          {"database", dead.store != nullptr ? Json(dead.store->alias) : Json(nullptr)},
          {"queue", dead.queue},
          {"task", or_null(dead.task())},
          {"died_at", utc(dead.died_at)},
          {"cause", cause(dead)},
          {"reason", reason(dead)},
          {"attempts", dead.job() != nullptr ? Json(dead.job()->attempt) : Json(nullptr)}};
}

Json in_full(const DeadJob& dead) {
  auto document = in_json(dead);
  document["worker"] = dead.letter ? or_null(dead.letter->worker) : Json(nullptr);
  document["errors"] = Json::array();
  if (const auto* const job = dead.job()) {
    for (const auto& error : job->errors) {
      document["errors"].push_back({{"attempt", error.attempt},
                                    {"at", utc(error.at)},
                                    {"worker", error.worker},
                                    {"error", error.error},
                                    {"type", or_null(error.type)}});
    }
    document["args"] = job->args;
    document["enqueued_at"] = utc(job->enqueued_at);
  } else {
    document["received"] = dead.letter ? dead.letter->raw : dead.text;
  }
  return document;
}

/// Lines of our own beside lines of theirs: none of theirs begins at the margin.
void print(const DeadJob& dead) {
  const auto line = [](std::string_view name, const std::string& value) {
    std::cout << name << std::string(12 - name.size(), ' ') << one_line(value, 2 * kErrorTextLimit) << '\n';
  };
  line("id", dead.id);
  line("kept in", dead.store != nullptr ? "database " + dead.store->alias : "redis");
  line("queue", dead.queue);
  if (dead.job() != nullptr) {
    line("task", dead.task());
    line("args", dead.job()->args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    line("enqueued at", utc(dead.job()->enqueued_at));
    line("attempts", std::to_string(dead.job()->attempt));
  } else {
    line("received", dead.letter ? dead.letter->raw : dead.text);
  }
  line("died at", utc(dead.died_at));
  line("cause", cause(dead));
  line("reason", reason(dead));
  if (dead.letter) line("buried by", dead.letter->worker);
  if (const auto obstacle = DeadJobs::obstacle(dead); !obstacle.empty()) line("no retry", obstacle);
  if (dead.job() == nullptr || dead.job()->errors.empty()) return;
  std::cout << "errors\n";
  for (const auto& error : dead.job()->errors) {
    std::cout << "  attempt " << error.attempt << " at " << utc(error.at) << " on "
              << one_line(error.worker, kWorkerTextLimit) << ": ";
    if (!error.type.empty()) std::cout << one_line(error.type, kTypeTextLimit) << ": ";
    std::cout << one_line(error.error, kErrorTextLimit) << '\n';
  }
}

std::vector<DeadJob> newest(DeadJobs& dead_jobs, const Options& options) {
  std::vector<DeadJob> found;
  auto sources = dead_jobs.tables(options.queue);
  for (auto& source : dead_jobs.redis(options.queue)) sources.push_back(std::move(source));
  for (const auto& source : sources) {
    std::size_t of_source = 0;
    dead_jobs.visit(source, [&](const DeadJob& dead) {
      if (!options.task.empty() && dead.task() != options.task) return Fate::kStays;
      found.push_back(dead);
      return ++of_source == options.limit ? Fate::kStop : Fate::kStays;
    });
    std::ranges::stable_sort(found, std::ranges::greater{}, &DeadJob::died_at);
    if (found.size() > options.limit)
      found.erase(found.begin() + static_cast<std::ptrdiff_t>(options.limit), found.end());
  }
  return found;
}

}  // namespace

int list_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  const auto found = newest(dead_jobs, options);
  if (options.json) {
    Json list = Json::array();
    for (const auto& dead : found) list.push_back(in_json(dead));
    print_json({{"dead", std::move(list)}});
    return kExitDone;
  }
  if (found.empty()) {
    std::cout << "no dead jobs\n";
    return kExitDone;
  }
  constexpr auto kLeft = Table::Align::kLeft;
  Table table{{{"id", kLeft},
               {"died at", kLeft},
               {"kept in", kLeft},
               {"queue", kLeft},
               {"task", kLeft},
               {"attempts"},
               {"cause", kLeft},
               {"reason", kLeft}}};
  for (const auto& dead : found) {
    table.add({dead.id, utc(dead.died_at), place(dead), one_line(dead.queue, kNameLimit),
               dead.job() != nullptr ? dead.task() : "-",
               dead.job() != nullptr ? std::to_string(dead.job()->attempt) : "-", cause(dead),
               one_line(reason(dead), kReasonShown)});
  }
  table.print();
  if (found.size() == options.limit) std::cout << "(the newest " << found.size() << ": --limit lists more)\n";
  return kExitDone;
}

int show_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  const auto& id = options.ids.front();
  auto found = dead_jobs.find_durable(id);
  if (!found) {
    for (const auto& source : dead_jobs.redis({})) {
      dead_jobs.visit(source, [&](const DeadJob& dead) {
        if (dead.id != id) return Fate::kStays;
        found = dead;
        return Fate::kStop;
      });
      if (found) break;
    }
  }
  if (!found) {
    std::cerr << "aftercommit: no dead job has the id " << id << '\n';
    return kExitFound;
  }
  if (options.json) {
    print_json(in_full(*found));
  } else {
    print(*found);
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
