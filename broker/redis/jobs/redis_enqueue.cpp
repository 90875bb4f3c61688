/// Sends jobs in one pipeline, once more over a new connection if the first turns out dead, and knows of each
/// job what became of it.
#include "broker/redis/jobs/redis_enqueue.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "base/epoch_ms.hpp"
#include "broker/redis/jobs/redis_batches.hpp"

namespace aftercommit {
namespace {

enum class Fate : std::uint8_t {
  kAbsent,    ///< not in Redis: never sent, or refused
  kInDoubt,   ///< sent, and no reply
  kEnqueued,  ///< Redis has said so
};

bool is_ready(const Outgoing& job) { return !job.eta && job.countdown.value_or(Millis{0}) <= Millis{0}; }

/// One call of enqueue.
class Enqueueing {
 public:
  Enqueueing(RedisSession& session, std::span<const Outgoing> jobs)
      : session_{session}, jobs_{jobs}, fates_(jobs.size(), Fate::kAbsent) {}

  void run(Deadline deadline) {
    if (jobs_.empty()) return;
    const bool broke = send_rest(deadline);
    if (broke && std::chrono::steady_clock::now() < deadline) send_rest(deadline);
    if (!done()) fail();
  }

 private:
  bool done() const {
    return std::ranges::all_of(fates_, [](Fate fate) { return fate == Fate::kEnqueued; });
  }

  void note(std::string why, bool passes) {
    why_ = std::move(why);
    passes_ = passes_ && passes;
  }

  /// Sends what is not known to be enqueued; true if a connection was there and broke over it.
  bool send_rest(Deadline deadline) {
    passes_ = true;
    try {
      session_.connect(deadline);
    } catch (const Error& error) {
      note(error.what(), error.retryable());
      return false;
    }
    const auto commands = format_rest();
    const auto before = fates_;
    for (const auto job : order_) fates_[job] = Fate::kInDoubt;

    bool reconnect = false;
    const auto take = [&](std::size_t command, Reply reply) {
      const bool refused = is_error(*reply);
      for (const auto job : jobs_of(command)) fates_[job] = refused ? before[job] : Fate::kEnqueued;
      if (!refused) return;
      auto refusal = understand(*reply, commands.what(command), session_.url().server());
      reconnect |= refusal.reconnects;
      note(std::move(refusal.sentence), refusal.passes);
    };
    try {
      session_.run(commands, deadline, take);
    } catch (const BrokerUnavailable& error) {
      note(error.what(), true);
      reconnect = true;
    }
    if (reconnect) session_.disconnect();
    return reconnect;
  }

  RedisPipeline format_rest() {
    RedisPipeline commands;
    order_.clear();
    ends_.clear();
    std::vector<std::size_t> durable, delayed;
    for (std::size_t i = 0; i < jobs_.size(); ++i) {
      if (fates_[i] == Fate::kEnqueued) continue;
      if (jobs_[i].durable || !is_ready(jobs_[i])) {
        (jobs_[i].durable ? durable : delayed).push_back(i);
        continue;
      }
      const auto& keys = session_.keys(jobs_[i].queue).at(jobs_[i].priority);
      commands.add("XADD", keys.stream, "*", kRedisField, jobs_[i].payload);
      order_.push_back(i);
      ends_.push_back(order_.size());
    }
    const auto same_queue = [&](std::size_t a, std::size_t b) { return jobs_[a].queue == jobs_[b].queue; };
    const auto bytes = [&](std::size_t i) { return jobs_[i].payload.size(); };
    const auto add = [&](const RedisBatch& batch) {
      order_.insert(order_.end(), batch.jobs.begin(), batch.jobs.end());
      ends_.push_back(order_.size());
    };
    for (const auto& batch : batches(durable, same_queue, bytes)) {
      add_durable(batch, commands);
      add(batch);
    }
    const auto same_level = [&](std::size_t a, std::size_t b) {
      return jobs_[a].priority == jobs_[b].priority && same_queue(a, b);
    };
    for (const auto& batch : batches(delayed, same_level, bytes)) {
      add_delayed(batch, commands);
      add(batch);
    }
    return commands;
  }

  void add_durable(const RedisBatch& batch, RedisPipeline& commands) {
    const auto& keys = session_.keys(jobs_[batch.jobs.front()].queue);
    commands.begin_script(scripts::push(), {keys.stream, keys.delayed, keys.durable, keys.relay},
                          1 + kTakenWords * batch.jobs.size());
    commands.word(keys.wake);
    for (const auto i : batch.jobs) add_taken(jobs_[i], commands);
  }

  void add_delayed(const RedisBatch& batch, RedisPipeline& commands) {
    const auto& first = jobs_[batch.jobs.front()];
    const auto& keys = session_.keys(first.queue);
    commands.begin_script(scripts::schedule(), {keys.at(first.priority).delayed}, 1 + 3 * batch.jobs.size());
    commands.word(keys.wake);
    for (const auto i : batch.jobs) {
      const auto& job = jobs_[i];
      commands.word(job.eta ? "at" : "in");
      commands.word(job.eta ? epoch_ms(*job.eta) : countdown_ms(*job.countdown));
      commands.word(job.payload);
    }
  }

  std::span<const std::size_t> jobs_of(std::size_t command) const {
    const auto begin = command == 0 ? 0 : ends_[command - 1];
    return std::span{order_}.subspan(begin, ends_[command] - begin);
  }

  [[noreturn]] void fail() const {
    std::vector<std::size_t> unsent;
    for (std::size_t i = 0; i < fates_.size(); ++i) {
      if (fates_[i] != Fate::kEnqueued) unsent.push_back(i);
    }
    const bool in_doubt = std::ranges::find(fates_, Fate::kInDoubt) != fates_.end();
    const bool some = unsent.size() < jobs_.size();
    const auto count =
        some ? std::to_string(unsent.size()) + " of " + std::to_string(jobs_.size()) + " jobs: " : "";
    throw EnqueueFailure{count + why_, std::move(unsent), passes_, in_doubt};
  }

  RedisSession& session_;  // not owned, outlives this
  const std::span<const Outgoing> jobs_;
  std::vector<Fate> fates_;         // of each job
  std::vector<std::size_t> order_;  // jobs in the order in which the commands of this round take them,
  std::vector<std::size_t> ends_;   // and where in it each command ends
  std::string why_;                 // the last trouble, as a sentence,
  bool passes_ = true;              // and whether all trouble of this round may pass by itself
};

}  // namespace

void add_taken(const Outgoing& job, RedisPipeline& commands) {
  commands.word(!job.durable ? "" : job.again ? "again" : durable_member(*job.durable));
  const std::string_view when = job.eta ? "at" : "in";
  if (job.priority == Priority::kNormal) {
    commands.word(when);
  } else {
    commands.word((std::string{when} + ':').append(name_of(job.priority)));
  }
  commands.word(job.eta ? epoch_ms(*job.eta) : countdown_ms(job.countdown.value_or(Millis{0})));
  commands.word(job.payload);
}

void redis_enqueue(RedisSession& session, std::span<const Outgoing> jobs, Deadline deadline) {
  Enqueueing{session, jobs}.run(deadline);
}

}  // namespace aftercommit
