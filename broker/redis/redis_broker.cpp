/// The calls of the interface, as Redis commands; the larger ones have files of their own.
#include "broker/redis/redis_broker.hpp"

#include <algorithm>
#include <utility>

#include "broker/contract/preconditions.hpp"
#include "broker/redis/jobs/redis_aside.hpp"
#include "broker/redis/jobs/redis_enqueue.hpp"
#include "broker/redis/jobs/redis_relay.hpp"
#include "broker/redis/jobs/redis_settle.hpp"
#include "broker/redis/redis_check.hpp"
#include "broker/redis/redis_home.hpp"
#include "broker/redis/redis_leases.hpp"
#include "broker/redis/redis_pauses.hpp"
#include "broker/redis/redis_report.hpp"

namespace aftercommit {
namespace {

constexpr Millis kLongestWait = std::chrono::hours{1};  // an earlier return is always allowed

}  // namespace

RedisBroker::RedisBroker(RedisUrl url, Millis call_timeout)
    : call_timeout_{call_timeout}, session_{std::move(url)} {}

void RedisBroker::enqueue(std::span<const Outgoing> jobs, Millis timeout) {
  redis_enqueue(session_, jobs,
                std::chrono::steady_clock::now() + std::clamp(timeout, Millis{0}, kLongestWait));
}

std::vector<Fetched> RedisBroker::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                        std::size_t count, Millis wait) {
  wait = std::clamp(wait, Millis{0}, kLongestWait);
  return fetcher_.fetch(worker, queues, count, wait, call_timeout_);
}

std::vector<Settled> RedisBroker::settle(const WorkerId& worker, std::span<const Settlement> settlements) {
  return redis_settle(session_, worker, settlements, deadline());
}

Promotion RedisBroker::promote(std::span<const Queue> queues, std::size_t limit) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    const auto& keys = session_.keys(queue);
    std::vector<std::string_view> words;
    for (const auto level : kAllLevels) {
      words.insert(words.end(), {keys.at(level).stream, keys.at(level).delayed});
    }
    commands.begin_script(scripts::promote(), words, 1);
    commands.word(std::min(limit, kScriptJobs));
  }
  Promotion promotion;
  for (const auto& reply : session_.ask(commands, deadline())) {
    const auto answer = elements(*reply);
    promotion.promoted += static_cast<std::size_t>(answer[0]->integer);
    const Millis next_due{answer[1]->integer};
    if (next_due < Millis{0}) continue;
    promotion.next_due = std::min(promotion.next_due.value_or(next_due), next_due);
  }
  return promotion;
}

bool RedisBroker::await_schedule(std::span<const Queue> queues, Millis timeout) {
  return wake_.wait(queues, std::clamp(timeout, Millis{0}, kLongestWait), deadline());
}

std::vector<AsideJobs> RedisBroker::aside(std::span<const Queue> queues) {
  return redis_aside(session_, queues, deadline());
}

std::vector<AsideJobs> RedisBroker::limited(std::span<const Queue> queues, std::size_t some) {
  return redis_limited(session_, queues, some, limited_cursors_, deadline());
}

std::size_t RedisBroker::bring_back(const Queue& queue, const std::string& reason, std::size_t limit,
                                    bool all) {
  return redis_bring_back(session_, queue, reason, limit, all, deadline());
}

std::vector<Lease> RedisBroker::renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                            Millis lease) {
  return redis_renew_lease(session_, worker, queues, lease, deadline());
}

void RedisBroker::report(const WorkerId& worker, const Queue& queue, const std::string& text, Millis time) {
  RedisPipeline commands;
  commands.add("SET", session_.keys(queue).report_of(worker), text, "PX", std::max(time, Millis{1}).count());
  session_.ask(commands, deadline());
}

std::vector<LeaseView> RedisBroker::leases(std::span<const Queue> queues, Millis lease) {
  return redis_leases(session_, queues, lease, deadline());
}

std::size_t RedisBroker::recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                                 const std::string& mark) {
  return redis_recover(session_, worker, queues, limit, mark, deadline());
}

std::vector<Fetched> RedisBroker::held_by(const WorkerId& worker, const Queue& queue,
                                          std::span<const std::string> entries) {
  return redis_held_by(session_, worker, queue, entries, deadline());
}

void RedisBroker::retire(const WorkerId& worker, std::span<const Queue> queues) {
  redis_retire(session_, worker, queues, deadline());
}

std::vector<std::vector<HomeFinding>> RedisBroker::claim_home(const HomeClaim& claim,
                                                              std::span<const Queue> queues) {
  return redis_claim_home(session_, claim, queues, deadline());
}

std::vector<HomeDatabase> RedisBroker::home_of(const Queue& queue) {
  return redis_home_of(session_, queue, deadline());
}

void RedisBroker::declare_queues(std::span<const DeclaredQueue> declared, Millis time) {
  redis_declare_queues(session_, declared, time, deadline());
}

std::vector<std::string> RedisBroker::relay_cursors(std::string_view source, std::span<const Queue> queues) {
  relay_has_asked_ = false;
  auto cursors = redis_relay_cursors(session_, source, queues, deadline());
  relay_has_asked_ = true;
  return cursors;
}

std::vector<std::string> RedisBroker::relay_sources(const Queue& queue) {
  return redis_relay_sources(session_, queue, deadline());
}

void RedisBroker::forget_relay_sources(const Queue& queue, std::span<const std::string> sources) {
  redis_forget_relay_sources(session_, queue, sources, deadline());
}

bool RedisBroker::relay(const RelayStep& step) {
  struct Unpin {
    RedisSession& session;
    ~Unpin() { session.pin(false); }
  } const unpin{session_};
  session_.pin(relay_has_asked_);
  return redis_relay(session_, step, deadline());
}

std::vector<bool> RedisBroker::has_durable(const Queue& queue, std::span<const JobId> jobs) {
  auto found = redis_has_durable(session_, queue, jobs, deadline());
  relay_has_asked_ = true;
  return found;
}

bool RedisBroker::pause(const Queue& queue) { return redis_pause(session_, queue, deadline()); }

bool RedisBroker::resume(const Queue& queue) { return redis_resume(session_, queue, deadline()); }

std::vector<Pauses::Since> RedisBroker::paused_since(std::span<const Queue> queues) {
  return redis_paused_since(session_, queues, deadline());
}

std::vector<Queue> RedisBroker::queues() { return browser_.queues(); }

void RedisBroker::for_each_job(const Queue& queue,
                               const std::function<void(JobState, std::string_view)>& visit) {
  browser_.for_each_job(queue, visit);
}

void RedisBroker::for_each_durable(const Queue& queue, const std::function<void(const JobId&)>& visit) {
  browser_.for_each_durable(queue, visit);
}

bool RedisBroker::remove_dead_letter(const Queue& queue, const std::string& letter, const Outgoing* job) {
  const auto& keys = session_.keys(queue);
  RedisPipeline commands;
  if (job == nullptr) {
    commands.add("ZREM", keys.dead, letter);
  } else {
    require_same_queue(queue, *job);
    commands.begin_script(scripts::requeue(),
                          {keys.stream, keys.delayed, keys.durable, keys.relay, keys.dead}, 2 + kTakenWords);
    commands.word(keys.wake);
    commands.word(letter);
    add_taken(*job, commands);
  }
  return session_.ask(commands, deadline())[0]->integer == 1;
}

QueueCounts RedisBroker::counts(const Queue& queue) { return browser_.counts(queue); }

std::vector<DeadLetterEntry> RedisBroker::dead_letters(const Queue& queue, std::size_t offset,
                                                       std::size_t count) {
  return browser_.dead_letters(queue, offset, count);
}

std::vector<DeadLetterEntry> RedisBroker::dead_letters_until(const Queue& queue,
                                                             std::chrono::system_clock::time_point until,
                                                             std::size_t offset, std::size_t count) {
  return browser_.dead_letters_until(queue, until, offset, count);
}

JobPage RedisBroker::jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count) {
  return browser_.jobs(queue, part, after, count);
}

std::size_t RedisBroker::remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                                     std::span<const std::optional<JobId>> durable) {
  return browser_.remove_jobs(queue, jobs, durable);
}

std::vector<WorkerView> RedisBroker::workers(const Queue& queue) { return browser_.workers(queue); }

std::vector<std::string> RedisBroker::check() { return redis_check(session_, deadline()); }

ServerReport RedisBroker::server_report() { return redis_report(session_, deadline()); }

}  // namespace aftercommit
