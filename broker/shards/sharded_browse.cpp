/// What an operator sees of all shards, and changes by hand.
#include <algorithm>
#include <charconv>
#include <iterator>
#include <set>
#include <utility>

#include "broker/contract/shard_entry.hpp"
#include "broker/shards/sharded_broker.hpp"

namespace aftercommit {
namespace {

template <class Number>
void add_if_known(std::optional<Number>& sum, const std::optional<Number>& one) {
  if (one) sum = sum.value_or(Number{}) + *one;
}

/// A worker is in all shards at once, and so are the words about the queue.
void add_counts(QueueCounts& sum, const QueueCounts& one) {
  sum.ready += one.ready;
  sum.running += one.running;
  sum.delayed += one.delayed;
  sum.dead += one.dead;
  sum.oldest = std::max(sum.oldest, one.oldest);
  sum.workers = std::max(sum.workers, one.workers);
  if (sum.declared_by.empty()) sum.declared_by = one.declared_by;
  for (std::size_t i = 0; i < kLevels; ++i) sum.ready_at.at(i) += one.ready_at.at(i);
  if (!sum.paused) sum.paused = one.paused;
  add_if_known(sum.ended, one.ended);
}

}  // namespace

std::vector<Queue> ShardedBroker::queues() {
  std::set<Queue> all;
  each([&](std::size_t, Broker& broker) {
    const auto found = broker.queues();
    all.insert(found.begin(), found.end());
  });
  return {all.begin(), all.end()};
}

void ShardedBroker::for_each_job(const Queue& queue,
                                 const std::function<void(JobState, std::string_view)>& visit) {
  each([&](std::size_t, Broker& broker) { broker.for_each_job(queue, visit); });
}

void ShardedBroker::for_each_durable(const Queue& queue, const std::function<void(const JobId&)>& visit) {
  each([&](std::size_t, Broker& broker) { broker.for_each_durable(queue, visit); });
}

QueueCounts ShardedBroker::counts(const Queue& queue) {
  QueueCounts sum;
  each([&](std::size_t, Broker& broker) { add_counts(sum, broker.counts(queue)); });
  return sum;
}

/// The newest of all are among the newest of each.
std::vector<DeadLetterEntry> ShardedBroker::merged_letters(
    std::size_t offset, std::size_t count,
    const std::function<std::vector<DeadLetterEntry>(Broker&, std::size_t)>& newest) {
  std::vector<DeadLetterEntry> all;
  each([&](std::size_t, Broker& broker) {
    auto found = newest(broker, offset + count);
    std::ranges::move(found, std::back_inserter(all));
  });
  std::ranges::stable_sort(all, std::ranges::greater{}, &DeadLetterEntry::died_at);
  all.erase(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(std::min(offset, all.size())));
  if (all.size() > count) all.resize(count);
  return all;
}

std::vector<DeadLetterEntry> ShardedBroker::dead_letters(const Queue& queue, std::size_t offset,
                                                         std::size_t count) {
  return merged_letters(
      offset, count, [&](Broker& broker, std::size_t most) { return broker.dead_letters(queue, 0, most); });
}

std::vector<DeadLetterEntry> ShardedBroker::dead_letters_until(const Queue& queue,
                                                               std::chrono::system_clock::time_point until,
                                                               std::size_t offset, std::size_t count) {
  return merged_letters(offset, count, [&](Broker& broker, std::size_t most) {
    return broker.dead_letters_until(queue, until, 0, most);
  });
}

bool ShardedBroker::remove_dead_letter(const Queue& queue, const std::string& letter, const Outgoing* job) {
  bool removed = false;
  std::size_t answered = 0;
  for (std::size_t i = 0; i < brokers_.size() && !removed; ++i) {
    const auto ask = [&](std::size_t, Broker& broker) {
      removed = broker.remove_dead_letter(queue, letter, job);
    };
    answered += one(i, ask) ? 1 : 0;
  }
  require_an_answer(answered);
  return removed;
}

JobPage ShardedBroker::jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) {
  const auto from = ShardEntry::parse(after);
  if (from.shard >= brokers_.size()) throw UsageError{"this is no place in a list of jobs to go on from"};
  JobPage page;
  std::size_t answered = from.shard;
  std::string place{from.entry};
  for (auto number = from.shard; number < brokers_.size(); ++number, place.clear()) {
    const bool answers = one(number, [&](std::size_t, Broker& broker) {
      auto some = broker.jobs(queue, part, place, count);
      for (auto& job : some.jobs) job.shard = number;
      page.looked_at += some.looked_at;
      std::ranges::move(some.jobs, std::back_inserter(page.jobs));
      page.next = some.next.empty() ? std::string{} : ShardEntry{number, some.next}.str();
    });
    answered += answers ? 1 : 0;
    if (!page.next.empty()) return page;
    if (number + 1 < brokers_.size() && page.looked_at >= count) {
      page.next = ShardEntry{number + 1, {}}.str();
      return page;
    }
  }
  require_an_answer(answered);
  return page;
}

std::size_t ShardedBroker::remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                                       std::span<const std::optional<JobId>> durable) {
  std::size_t removed = 0;
  for (std::size_t number = 0; number < brokers_.size(); ++number) {
    std::vector<JobEntry> own;
    std::vector<std::optional<JobId>> own_durable;
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      if (jobs[i].shard != number) continue;
      own.push_back(jobs[i]);
      own_durable.push_back(durable[i]);
    }
    if (own.empty()) continue;
    one(number, [&](std::size_t, Broker& broker) { removed += broker.remove_jobs(queue, own, own_durable); });
  }
  return removed;
}

std::vector<WorkerView> ShardedBroker::workers(const Queue& queue) {
  std::map<WorkerId, WorkerView> all;
  each([&](std::size_t, Broker& broker) {
    for (auto& view : broker.workers(queue)) {
      const auto [known, is_new] = all.try_emplace(view.worker, view);
      if (is_new) continue;
      if (known->second.report.empty()) known->second.report = view.report;
      known->second.left = std::max(known->second.left, view.left);
    }
  });
  std::vector<WorkerView> views;
  for (auto& [worker, view] : all) views.push_back(std::move(view));
  return views;
}

}  // namespace aftercommit
