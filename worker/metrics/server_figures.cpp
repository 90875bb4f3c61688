#include "worker/metrics/server_figures.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "base/metrics/families.hpp"
#include "broker/contract/no_redis.hpp"
#include "client/app/app_core.hpp"
#include "client/app/enqueue_counts.hpp"
#include "client/job_table/table_figures.hpp"

namespace aftercommit::worker {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kFresh{5};
constexpr std::chrono::seconds kTooOld{60};

double seconds_in(std::chrono::duration<double> time) { return std::max(time.count(), 0.0); }

/// Of a queue, or of those that have no label of their own.
struct QueueSum {
  double ready = 0;
  double delayed = 0;
  double running = 0;
  double dead = 0;
  double oldest = 0;
  double workers = 0;
  bool paused = false;
};

void add(QueueSum& sum, const QueueCounts& counts) {
  sum.ready += static_cast<double>(counts.ready);
  sum.delayed += static_cast<double>(counts.delayed);
  sum.running += static_cast<double>(counts.running);
  sum.dead += static_cast<double>(counts.dead);
  if (counts.oldest) sum.oldest = std::max(sum.oldest, seconds_in(*counts.oldest));
  sum.workers += static_cast<double>(counts.workers);
  sum.paused = sum.paused || counts.paused.has_value();
}

/// The label of the queue at this place of the list.
const std::string& label_of(const std::vector<Queue>& queues, std::size_t at) {
  static const std::string kOther = aftercommit::detail::kOtherLabel;
  return at < aftercommit::detail::kMostQueueLabels ? queues[at] : kOther;
}

MetricFamily gauge_of(std::string name, std::string help) {
  return family(std::move(name), MetricType::kGauge, std::move(help));
}

}  // namespace

ServerFigures::ServerFigures(App& app, std::unique_ptr<Browsing> broker, std::vector<Queue> queues)
    : app_{app},
      broker_{std::move(broker)},
      queues_{std::move(queues)},
      thread_{[this](const std::stop_token& stop) {
        broker_->bear_silent_shards(false);  // a part would look like the whole
        run(stop);
      }} {}

std::vector<MetricFamily> ServerFigures::get(std::chrono::milliseconds patience) {
  std::unique_lock lock{mutex_};
  if (rounds_ == 0 || Clock::now() - found_at_ >= kFresh) {
    wanted_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, patience, [this, before = rounds_] { return rounds_ != before; });
  }
  std::vector<MetricFamily> all;
  if (rounds_ > 0) {
    const std::chrono::duration<double> age = Clock::now() - found_at_;
    if (age <= kTooOld) all = found_;
    auto shown = gauge_of("aftercommit_collect_age_seconds",
                          "How old the figures are that this worker has asked Redis and the databases for.");
    add_sample(shown, {}, age.count());
    all.push_back(std::move(shown));
  }
  auto failed = family("aftercommit_collect_failures_total", MetricType::kCounter,
                       "Servers that did not say how many jobs they hold, when they were asked.");
  for (const auto& [server, number] : failures_)
    add_sample(failed, {{"server", server}}, static_cast<double>(number));
  all.push_back(std::move(failed));
  return all;
}

void ServerFigures::run(const std::stop_token& stop) {
  while (true) {
    {
      std::unique_lock lock{mutex_};
      if (!changed_.wait(lock, stop, [this] { return wanted_; })) return;
      wanted_ = false;
    }
    std::vector<MetricFamily> found;
    try {
      found = ask();
    } catch (const std::exception&) {
      // No memory: what was known goes on until it is too old.
      const std::lock_guard lock{mutex_};
      ++rounds_;
      changed_.notify_all();
      continue;
    }
    const std::lock_guard lock{mutex_};
    found_ = std::move(found);
    found_at_ = Clock::now();
    ++rounds_;
    changed_.notify_all();
  }
}

std::vector<MetricFamily> ServerFigures::ask() {
  std::vector<MetricFamily> families;
  ask_redis(families);
  ask_databases(families);
  return families;
}

void ServerFigures::ask_redis(std::vector<MetricFamily>& families) {
  if (is_no_redis(app_.options().redis_url)) return;
  std::map<std::string, QueueSum> sums;
  try {
    for (std::size_t i = 0; i < queues_.size(); ++i)
      add(sums[label_of(queues_, i)], broker_->counts(queues_[i]));
  } catch (const std::exception&) {
    const std::lock_guard lock{mutex_};
    ++failures_["redis"];
    return;
  }
  auto jobs = gauge_of("aftercommit_queue_jobs", "Jobs of a queue in Redis.");
  auto oldest =
      gauge_of("aftercommit_oldest_job_seconds", "Since when the first ready or running job is there.");
  auto workers = gauge_of("aftercommit_queue_workers", "Worker processes that hold a lease in a queue.");
  auto paused = gauge_of("aftercommit_queue_paused", "1 for a queue that is paused in Redis, else 0.");
  for (const auto& [queue, sum] : sums) {
    for (const auto& [state, number] : {std::pair{"ready", sum.ready},
                                        {"delayed", sum.delayed},
                                        {"running", sum.running},
                                        {"dead", sum.dead}}) {
      add_sample(jobs, {{"queue", queue}, {"state", state}}, number);
    }
    add_sample(oldest, {{"queue", queue}}, sum.oldest);
    add_sample(workers, {{"queue", queue}}, sum.workers);
    add_sample(paused, {{"queue", queue}}, sum.paused ? 1 : 0);
  }
  for (auto* const each : {&jobs, &oldest, &workers, &paused}) families.push_back(std::move(*each));
}

void ServerFigures::ask_databases(std::vector<MetricFamily>& families) {
  auto rows =
      gauge_of("aftercommit_table_rows",
               "Rows of the tables of jobs (job: durable ones not done; dead; ledger: others that are "
               "done), above 10,000 an estimate.");
  auto oldest = gauge_of("aftercommit_oldest_row_seconds",
                         "Since when the first durable job of a queue that is not done was asked for.");
  for (const auto& [alias, database] : app_.core().databases()) {
    try {
      const auto figures = aftercommit::detail::table_figures(*database, queues_);
      for (const auto& [table, number] : figures.rows)
        add_sample(rows, {{"database", alias}, {"table", table}}, number);
      std::map<std::string, double> ages;
      for (std::size_t i = 0; i < queues_.size(); ++i) {
        auto& age = ages[label_of(queues_, i)];
        const auto found = figures.oldest.find(queues_[i]);
        if (found != figures.oldest.end()) age = std::max(age, seconds_in(found->second));
      }
      for (const auto& [queue, age] : ages) add_sample(oldest, {{"database", alias}, {"queue", queue}}, age);
    } catch (const std::exception&) {
      const std::lock_guard lock{mutex_};
      ++failures_[alias];
    }
  }
  families.push_back(std::move(rows));
  families.push_back(std::move(oldest));
}

}  // namespace aftercommit::worker
