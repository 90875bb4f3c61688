#include "worker/metrics/worker_families.hpp"

#include <algorithm>
#include <array>
#include <functional>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/metrics/families.hpp"
#include "client/app/enqueue_counts.hpp"
#include "worker/metrics/health.hpp"

namespace aftercommit::worker {
namespace {

using aftercommit::detail::enqueue_families;
using aftercommit::detail::EnqueueCounts;
using aftercommit::detail::kOtherLabel;
using aftercommit::detail::SendCounts;
using Processes = std::vector<const ProcessBlock*>;

/// By Outcome.
constexpr std::array<bool, kOutcomeNames.size()> kShownAtZero{true,  true,  false, true,
                                                              false, false, false, true};

/// The cells of each name, of all processes.
template <class Cell, std::size_t most>
std::map<std::string, std::vector<const Cell*>> by_name(const Processes& processes,
                                                        NamedCells<Cell, most> ProcessBlock::*cells) {
  std::map<std::string, std::vector<const Cell*>> all;
  for (const auto* const process : processes) {
    (process->*cells).each(kOtherLabel, [&](std::string_view name, const Cell& cell) {
      all[std::string{name}].push_back(&cell);
    });
  }
  return all;
}

template <class Cell>
std::vector<const TimeSpread*> parts_of(const std::vector<const Cell*>& cells, TimeSpread Cell::*part) {
  std::vector<const TimeSpread*> parts;
  for (const auto* const cell : cells) parts.push_back(&(cell->*part));
  return parts;
}

/// `of_each(process)`: a number.
double sum(const Processes& processes, const auto& of_each) {
  double all = 0;
  for (const auto* const process : processes) all += static_cast<double>(of_each(*process));
  return all;
}

MetricFamily counter(std::string name, std::string help) {
  return family(std::move(name), MetricType::kCounter, std::move(help));
}
MetricFamily gauge(std::string name, std::string help) {
  return family(std::move(name), MetricType::kGauge, std::move(help));
}

MetricFamily one(MetricFamily all, double value) {
  add_sample(all, {}, value);
  return all;
}

void add_jobs(const Processes& processes, std::vector<MetricFamily>& families) {
  auto ended = counter("aftercommit_jobs_total", "Deliveries of jobs that have ended here, by how they did.");
  auto ran = family("aftercommit_job_run_seconds", MetricType::kHistogram,
                    "From a job's start to its commit, of those that are done.");
  for (const auto& [task, cells] : by_name(processes, &ProcessBlock::tasks)) {
    for (std::size_t i = 0; i < kOutcomeNames.size(); ++i) {
      std::uint64_t number = 0;
      for (const auto* const cell : cells) number += cell->ended[i].get();
      // Of those that alerts go by there is a zero, too: else nobody would see the first one come.
      if (number == 0 && (task == kOtherLabel || !kShownAtZero[i])) continue;
      add_sample(ended, {{"task", task}, {"outcome", kOutcomeNames[i]}}, static_cast<double>(number));
    }
    auto sample = seconds_of(parts_of(cells, &TaskCell::ran), {{"task", task}});
    if (sample.count > 0) ran.samples.push_back(std::move(sample));
  }
  auto waited = family("aftercommit_job_queue_seconds", MetricType::kHistogram,
                       "From when a job was ready in Redis to its start.");
  for (const auto& [queue, cells] : by_name(processes, &ProcessBlock::queues)) {
    auto sample = seconds_of(parts_of(cells, &QueueCell::waited), {{"queue", queue}});
    if (sample.count > 0) waited.samples.push_back(std::move(sample));
  }
  families.push_back(std::move(ended));
  families.push_back(std::move(ran));
  families.push_back(std::move(waited));
}

template <std::size_t size>
void add_reasons(MetricFamily all, const Processes& processes, std::array<Count, size> ProcessBlock::*counts,
                 const std::array<const char*, size>& names, std::vector<MetricFamily>& families) {
  for (std::size_t i = 0; i < size; ++i) {
    const auto number =
        sum(processes, [&](const ProcessBlock& process) { return (process.*counts)[i].get(); });
    if (number > 0) add_sample(all, {{"reason", names[i]}}, number);
  }
  families.push_back(std::move(all));
}

void add_what_came_between(const Processes& processes, std::vector<MetricFamily>& families) {
  add_reasons(counter("aftercommit_jobs_put_off_total", "Jobs to be looked at again after a moment."),
              processes, &ProcessBlock::put_off, kPutOffNames, families);
  add_reasons(counter("aftercommit_jobs_put_aside_total", "Jobs that wait for something that is not here."),
              processes, &ProcessBlock::put_aside, kHoldNames, families);
  const auto add = [&](const char* name, const char* help, Count ProcessBlock::*which) {
    families.push_back(one(counter(name, help), sum(processes, [&](const ProcessBlock& process) {
                             return (process.*which).get();
                           })));
  };
  add("aftercommit_jobs_given_back_total", "Jobs given back as if never fetched.", &ProcessBlock::given_back);
  add("aftercommit_job_reruns_total", "Bodies run again at once after a conflict of transactions.",
      &ProcessBlock::reruns);
  add("aftercommit_batches_failed_total", "Batches whose jobs run one by one, as one has failed.",
      &ProcessBlock::batches_failed);
  add("aftercommit_after_commit_troubles_total",
      "Hooks that failed, and jobs not sent, after a job's commit.", &ProcessBlock::after_commit_troubles);
  add("aftercommit_process_starts_total", "Worker processes that have started, replacements included.",
      &ProcessBlock::starts);
  add("aftercommit_log_lines_dropped_total", "Log lines that nobody has read, and that were dropped.",
      &ProcessBlock::log_lines_dropped);
}

void add_roles(const Processes& processes, std::vector<MetricFamily>& families) {
  const auto of_roles = [&](Count RoleCounts::*which) {
    return sum(processes, [&](const ProcessBlock& process) { return (process.roles.*which).get(); });
  };
  auto reconnects =
      counter("aftercommit_reconnects_total", "Outages of a part of this worker that are over.");
  add_sample(reconnects, {{"server", "redis"}}, of_roles(&RoleCounts::redis_reconnects));
  add_sample(reconnects, {{"server", "database"}}, of_roles(&RoleCounts::database_reconnects));
  add_sample(reconnects, {{"server", "either"}}, of_roles(&RoleCounts::either_reconnects));
  families.push_back(std::move(reconnects));
  families.push_back(one(
      counter("aftercommit_role_failures_total", "Failures of a part of this worker that were no server's."),
      of_roles(&RoleCounts::own_failures)));
  families.push_back(one(counter("aftercommit_lease_losses_total",
                                 "Times that this worker was silent for longer than its lease."),
                         of_roles(&RoleCounts::lease_losses)));
  families.push_back(one(counter("aftercommit_broker_losses_total",
                                 "Times that Redis had lost its data, or this worker's lease with it."),
                         of_roles(&RoleCounts::broker_losses)));
  auto fenced = counter("aftercommit_zombies_fenced_total",
                        "Work of workers that were taken for dead, kept from taking effect, by how.");
  add_sample(fenced, {{"how", "session_ended"}}, of_roles(&RoleCounts::sessions_ended));
  add_sample(fenced, {{"how", "settled_too_late"}}, of_roles(&RoleCounts::settled_too_late));
  add_sample(fenced, {{"how", "outdated"}},
             sum(processes, [](const ProcessBlock& process) { return process.outdated.get(); }));
  families.push_back(std::move(fenced));
  auto settled = family("aftercommit_settle_batch_jobs", MetricType::kHistogram,
                        "How many jobs a call to Redis has settled.");
  std::vector<const SizeSpread*> parts;
  for (const auto* const process : processes) parts.push_back(&process->roles.settled);
  settled.samples.push_back(sizes_of(parts, {}));
  families.push_back(std::move(settled));
  auto celery =
      counter("aftercommit_celery_messages_total",
              "Messages that Celery's clients have sent and a bridge has taken, by what they became.");
  constexpr std::array<std::pair<const char*, Count RoleCounts::*>, 3> kBecame{
      {{"job", &RoleCounts::celery_jobs},
       {"refused", &RoleCounts::celery_refused},
       {"repeated", &RoleCounts::celery_repeated}}};
  const bool any = std::ranges::any_of(kBecame, [&](const auto& one) { return of_roles(one.second) > 0; });
  for (const auto& [became, count] : kBecame) {
    if (any) add_sample(celery, {{"became", became}}, of_roles(count));
  }
  families.push_back(std::move(celery));
}

/// The processes sweep beside each other: the worker is as far as the furthest of them.
struct RelaySum {
  std::vector<const TimeSpread*> took;
  std::uint64_t brought = 0;
  std::int64_t caught_up_ms = 0;
  bool has_backlog = false;
};

void add_relays(const Processes& processes, std::int64_t now_ms, std::vector<MetricFamily>& families) {
  std::map<std::string, RelaySum> relays;
  for (const auto* const process : processes) {
    process->roles.relays.each(kOtherLabel, [&](std::string_view name, const RelayCounts& relay) {
      auto& all = relays[std::string{name}];
      all.took.push_back(&relay.took);
      all.brought += relay.brought.get();
      const auto caught_up = relay.caught_up_ms.load();
      if (caught_up <= all.caught_up_ms) return;
      all.caught_up_ms = caught_up;
      all.has_backlog = relay.has_backlog;
    });
  }
  auto lag = gauge("aftercommit_relay_lag_seconds",
                   "Since a relay of this worker had last brought all new jobs of a database.");
  auto backlog =
      gauge("aftercommit_relay_backlog", "1 while it goes through the rows that were there before, else 0.");
  auto brought = counter("aftercommit_relay_jobs_total", "Durable jobs that a relay has brought to Redis.");
  auto took = family("aftercommit_relay_sweep_seconds", MetricType::kHistogram, "How long a sweep took.");
  for (const auto& [database, relay] : relays) {
    if (relay.caught_up_ms == 0) continue;
    const MetricLabels labels{{"database", database}};
    add_sample(lag, labels,
               static_cast<double>(std::max<std::int64_t>(now_ms - relay.caught_up_ms, 0)) / 1000);
    add_sample(backlog, labels, relay.has_backlog ? 1 : 0);
    add_sample(brought, labels, static_cast<double>(relay.brought));
    took.samples.push_back(seconds_of(relay.took, labels));
  }
  for (auto* const each : {&lag, &backlog, &brought, &took}) families.push_back(std::move(*each));
}

void add_processes(const Processes& processes, std::int64_t now_ms, std::vector<MetricFamily>& families) {
  auto ready = gauge("aftercommit_process_ready", "1 for a process that takes jobs, else 0.");
  for (std::size_t i = 0; i < processes.size(); ++i) {
    add_sample(ready, {{"process", std::to_string(i + 1)}}, consumes(*processes[i], now_ms) ? 1 : 0);
  }
  families.push_back(std::move(ready));
  const auto add = [&](const char* name, const char* help, std::atomic<std::int64_t> HealthCell::*which) {
    families.push_back(one(gauge(name, help), sum(processes, [&](const ProcessBlock& process) {
                             const bool runs = process.health.state != ProcessState::kAbsent;
                             return runs ? (process.health.*which).load() : 0;
                           })));
  };
  add("aftercommit_concurrency", "Jobs that run at the same time at most.", &HealthCell::concurrency);
  add("aftercommit_running_jobs", "Jobs that run here.", &HealthCell::running);
  add("aftercommit_prefetched_jobs", "Jobs that were fetched and have not begun.", &HealthCell::prefetched);
}

void add_enqueued(const Processes& processes, std::vector<MetricFamily>& families) {
  std::vector<std::pair<std::string, const EnqueueCounts*>> tasks;
  std::vector<const SendCounts*> sends;
  for (const auto& [task, cells] : by_name(processes, &ProcessBlock::tasks)) {
    for (const auto* const cell : cells) tasks.emplace_back(task, &cell->enqueued);
  }
  for (const auto* const process : processes) sends.push_back(&process->sends);
  std::ranges::move(enqueue_families(tasks, sends), std::back_inserter(families));
}

}  // namespace

std::vector<MetricFamily> worker_families(const Processes& processes, std::int64_t now_ms) {
  std::vector<MetricFamily> families;
  add_processes(processes, now_ms, families);
  add_jobs(processes, families);
  add_what_came_between(processes, families);
  add_roles(processes, families);
  add_relays(processes, now_ms, families);
  add_enqueued(processes, families);
  return families;
}

}  // namespace aftercommit::worker
