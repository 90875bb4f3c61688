/// `aftercommit dead list` and `dead show`: dead jobs to look at.
#include <algorithm>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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

/// What a list shows.
struct Found {
  std::vector<DeadJob> jobs{};
  bool more = false;  // there are older ones than these
  std::vector<Outage> outages{};
};

void keep_newest(std::size_t limit, Found& found) {
  auto& jobs = found.jobs;
  std::ranges::stable_sort(jobs, std::ranges::greater{}, &DeadJob::died_at);
  if (jobs.size() <= limit) return;
  jobs.erase(jobs.begin() + static_cast<std::ptrdiff_t>(limit), jobs.end());
  found.more = true;
}

Found newest(Servers& servers, const Options& options) {
  DeadJobs dead_jobs{servers};
  Found found;
  const auto look = [&](const DeadSource& source) {
    std::size_t of_source = 0;
    dead_jobs.visit(source, [&](const DeadJob& dead) {
      if (!options.task.empty() && dead.task() != options.task) return Fate::kStays;
      found.jobs.push_back(dead);
      return ++of_source > options.limit ? Fate::kStop : Fate::kStays;  // one more: is there any?
    });
    keep_newest(options.limit, found);
  };
  found.outages = servers.look_at_each(
      [&](const Store& store) {
        look({&store, options.queue});
      },
      [&](Broker&) {
        for (const auto& source : dead_jobs.redis(options.queue)) look(source);
      });
  keep_newest(options.limit, found);  // what an outage has left in the middle
  return found;
}

Json in_json(const Found& found, const std::vector<std::string>& databases) {
  Json list = Json::array();
  for (const auto& dead : found.jobs) list.push_back(in_json(dead));
  Json document{{"dead", std::move(list)}, {"more", found.more}};
  document.update(answers(databases, found.outages));
  return document;
}

void print(const Found& found, const std::vector<std::string>& databases) {
  if (found.jobs.empty()) {
    std::cout << (found.outages.empty() ? "no dead jobs\n" : "no dead jobs are known of\n");
  } else {
    constexpr auto kLeft = Table::Align::kLeft;
    Table table{{{"id", kLeft},
                 {"died at", kLeft},
                 {"kept in", kLeft},
                 {"queue", kLeft},
                 {"task", kLeft},
                 {"attempts"},
                 {"cause", kLeft},
                 {"reason", kLeft}}};
    for (const auto& dead : found.jobs) {
      table.add({dead.id, utc(dead.died_at), place(dead), one_line(dead.queue, kNameLimit),
                 dead.job() != nullptr ? dead.task() : "-",
                 dead.job() != nullptr ? std::to_string(dead.job()->attempt) : "-", cause(dead),
                 one_line(reason(dead), kReasonShown)});
    }
    table.print();
  }
  if (found.more) std::cout << "(the newest " << found.jobs.size() << ": --limit lists more)\n";
  tell_if_none(databases);
}

std::optional<DeadJob> find_in_redis(DeadJobs& dead_jobs, const std::string& id) {
  std::optional<DeadJob> found;
  for (const auto& source : dead_jobs.redis({})) {
    dead_jobs.visit(source, [&](const DeadJob& dead) {
      if (dead.id != id) return Fate::kStays;
      found = dead;
      return Fate::kStop;
    });
    if (found) break;
  }
  return found;
}

}  // namespace

int list_dead(const Options& options) {
  Servers servers{options.connections};
  const auto found = newest(servers, options);
  const auto databases = servers.app().database_aliases();
  if (options.json) {
    print_json(in_json(found, databases));
  } else {
    print(found, databases);
  }
  tell_outages(found.outages, "the dead jobs in ", " are not listed");
  return found.outages.empty() ? kExitDone : kExitServers;
}

int show_dead(const Options& options) {
  Servers servers{options.connections};
  DeadJobs dead_jobs{servers};
  const auto& id = options.ids.front();
  std::optional<DeadJob> found;
  const auto outages = servers.look_at_each(
      [&](const Store& store) {
        if (!found) found = DeadJobs::find_durable(store, id);
      },
      [&](Broker&) {
        if (!found) found = find_in_redis(dead_jobs, id);
      });
  if (!found && outages.empty()) {
    std::cerr << "aftercommit: no dead job has the id " << id << '\n';
    return kExitFound;
  }
  if (!found) {
    std::cerr << "aftercommit: no dead job that could be looked at has the id " << id << '\n';
    tell_outages(outages, "the dead jobs in ", " were not looked at");
    return kExitServers;
  }
  if (options.json) {
    print_json(in_full(*found));
  } else {
    print(*found);
  }
  return kExitDone;
}

}  // namespace aftercommit::cli
