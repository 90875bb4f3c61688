/// `aftercommit jobs`: jobs that wait or run.
#include <chrono>
#include <iostream>
#include <string>

#include "base/log/log_format.hpp"
#include "base/text/text.hpp"
#include "cli/commands.hpp"
#include "cli/job_words.hpp"
#include "cli/outages.hpp"
#include "cli/output.hpp"
#include "operate/job_list.hpp"

namespace aftercommit::cli {
namespace {

using operate::JobLine;
using operate::JobList;
using operate::JobStanding;
using std::chrono::milliseconds;

constexpr std::size_t kErrorInList = 60;  // bytes, as the next
constexpr std::size_t kArgsInList = 200;

/// "in 5 min", "3 s ago"
std::string from_now(std::chrono::system_clock::time_point time) {
  const auto now = std::chrono::system_clock::now();
  if (time > now) return "in " + span(std::chrono::ceil<milliseconds>(time - now));
  return span(std::chrono::floor<milliseconds>(now - time)) + " ago";
}

/// What there is to say of its state.
std::string remark(const JobLine& line) {
  std::string text;
  const auto add = [&](const std::string& part) { text.append(text.empty() ? "" : ", ").append(part); };
  if (!line.reason.empty()) add("for " + line.reason);
  if (line.state == JobStanding::kRunning) {
    if (line.running_since) add(from_now(*line.running_since));
    if (!line.worker.empty()) add("on " + line.worker);
  } else if (line.due_at && *line.due_at > std::chrono::system_clock::now()) {
    add("due " + from_now(*line.due_at));
  }
  if (line.in_redis == false) add("not yet in Redis");
  if (!line.flaw.empty()) add("no job: " + line.flaw);
  if (line.job && !line.job->errors.empty()) add(one_line(line.job->errors.back().error, kErrorInList));
  return one_line(text, 200);
}

void print(const JobList& list, bool args) {
  if (list.jobs.empty()) {
    std::cout << (!list.next.empty()        ? "no such jobs so far\n"
                  : list.answers.from_all() ? "no such jobs\n"
                                            : "no such jobs are known of\n");
  } else {
    constexpr auto kLeft = Table::Align::kLeft;
    std::vector<Table::Column> columns{{"id", kLeft},     {"state", kLeft}, {"queue", kLeft},
                                       {"task", kLeft},   {"attempt"},      {"asked for", kLeft},
                                       {"kept in", kLeft}};
    if (args) columns.push_back({"args", kLeft});
    columns.push_back({"", kLeft});
    Table table{columns};
    for (const auto& line : list.jobs) {
      const auto* const job = line.job ? &*line.job : nullptr;
      std::vector<std::string> row{line.id.empty() ? "-" : line.id,
                                   std::string{operate::word(line.state)},
                                   one_line(line.queue, kNameLimit),
                                   job != nullptr ? job->task : "-",
                                   job != nullptr ? std::to_string(job->attempt) : "-",
                                   job != nullptr ? utc(job->enqueued_at) : "-",
                                   line.database.empty() ? "redis" : line.database};
      if (args) {
        row.push_back(job != nullptr
                          ? one_line(job->args.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                                     kArgsInList)
                          : "-");
      }
      row.push_back(remark(line));
      table.add(std::move(row));
    }
    table.print();
  }
  if (!list.next.empty()) {
    std::cout << "(" << list.looked_at << " looked at; more by --after '" << one_line(list.next, 500)
              << "')\n";
  }
  tell_if_none(list.answers);
}

}  // namespace

int list_jobs(const Options& options) {
  if (options.state == JobStanding::kDead) return list_dead(options);
  operate::Servers servers{options.connections, warn};
  const auto list = operate::list_jobs(servers, {.filter = filter_of(options),
                                                 .limit = options.limit,
                                                 .oldest_first = options.oldest,
                                                 .after = options.after});
  if (options.json) {
    print_json(operate::in_json(list, options.args));
  } else {
    print(list, options.args);
  }
  tell_outages(list.answers, "the jobs in ", " are not listed");
  return list.answers.from_all() ? kExitDone : kExitServers;
}

}  // namespace aftercommit::cli
