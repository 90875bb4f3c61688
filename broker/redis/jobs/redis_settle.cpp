/// Settles in one pipeline of script calls, one for each queue and kind (more when there are very many).
#include "broker/redis/jobs/redis_settle.hpp"

#include <algorithm>
#include <optional>

#include "aftercommit/log.hpp"
#include "base/epoch_ms.hpp"
#include "broker/redis/jobs/redis_batches.hpp"
#include "broker/redis/jobs/redis_entry.hpp"
#include "broker/redis/jobs/redis_stream_id.hpp"

namespace aftercommit {
namespace {

Settled settled(const redisReply& answer) {
  return answer.integer == 1   ? Settled::kDone
         : answer.integer == 0 ? Settled::kNotPending
                               : Settled::kHeldByOther;
}

class Settling {
 public:
  Settling(RedisSession& session, const WorkerId& worker, std::span<const Settlement> settlements)
      : session_{session}, worker_{worker}, settlements_{settlements} {}

  std::vector<Settled> run(Deadline deadline) {
    std::vector<Settled> answers(settlements_.size(), Settled::kNotPending);
    const auto calls = script_calls();
    RedisPipeline commands;
    for (const auto& call : calls) add(call, commands);

    std::optional<RedisRefusal> trouble;  // of the server as a whole
    session_.run(commands, deadline, [&](std::size_t i, Reply reply) {
      const auto& jobs = calls[i].jobs;
      if (!is_error(*reply)) {
        const auto answered = elements(*reply);
        for (std::size_t j = 0; j < answered.size(); ++j) answers.at(jobs.at(j)) = settled(*answered[j]);
        return;
      }
      auto refusal = session_.understand(*reply, commands.what(i));
      if (refusal.general) {
        trouble = std::move(refusal);
      } else {
        refuse(jobs, refusal, answers);
      }
    });
    if (trouble) trouble->raise();
    return answers;
  }

 private:
  static void refuse(const std::vector<std::size_t>& jobs, const RedisRefusal& refusal,
                     std::vector<Settled>& answers) {
    for (const auto job : jobs) answers.at(job) = Settled::kRefused;
    log(LogLevel::kError, "the broker refused to settle jobs",
        {{"jobs", jobs.size()}, {"error", refusal.sentence}});
  }

  std::vector<RedisBatch> script_calls() {
    std::vector<std::size_t> possible;  // what is no entry id of a stream is pending nowhere
    ids_.resize(settlements_.size());
    names_.resize(settlements_.size());
    for (std::size_t i = 0; i < settlements_.size(); ++i) {
      const auto name = EntryName::parse(settlements_[i].entry);
      const auto id = StreamId::parse(name.id);
      if (!id) continue;
      ids_[i] = *id;
      names_[i] = name;
      possible.push_back(i);
    }
    const auto alike = [&](std::size_t a, std::size_t b) {
      return settlements_[a].kind == settlements_[b].kind && settlements_[a].queue == settlements_[b].queue &&
             settlements_[a].reason == settlements_[b].reason && names_[a].level == names_[b].level;
    };
    return batches(possible, alike, [&](std::size_t i) { return settlements_[i].payload.size(); });
  }

  void add(const RedisBatch& call, RedisPipeline& commands) const {
    using Kind = Settlement::Kind;
    const auto& first = settlements_[call.jobs.front()];
    const auto kind = first.kind;
    const auto& keys = session_.keys(first.queue);
    const auto& level = keys.at(names_[call.jobs.front()].level);
    const auto count = call.jobs.size();
    switch (kind) {
      case Kind::kAck:
        commands.begin_script(scripts::ack(), {level.stream, keys.durable}, 3 + 2 * count);
        break;
      case Kind::kRelease:
        commands.begin_script(scripts::release(), {level.stream}, 3 + 2 * count);
        break;
      case Kind::kBury:
        commands.begin_script(scripts::bury(), {level.stream, keys.durable, keys.dead}, 3 + 3 * count);
        break;
      case Kind::kRetry:
        commands.begin_script(scripts::retry(), {level.stream, level.delayed}, 4 + 3 * count);
        break;
      case Kind::kAside:
        commands.begin_script(scripts::aside(),
                              {level.stream, level.reasons_of(first.reason), level.aside_for(first.reason)},
                              4 + 3 * count);
        break;
    }
    const auto [lowest, highest] =
        std::ranges::minmax_element(call.jobs, {}, [&](std::size_t i) { return ids_[i]; });
    commands.word(worker_);
    commands.word(names_[*lowest].id);
    commands.word(names_[*highest].id);
    if (kind == Kind::kRetry) commands.word(keys.wake);
    if (kind == Kind::kAside) commands.word(first.reason);
    for (const auto i : call.jobs) {
      const auto& settlement = settlements_[i];
      commands.word(names_[i].id);
      if (kind == Kind::kAck || kind == Kind::kBury) {
        commands.word(settlement.durable ? durable_member(*settlement.durable) : "");
      }
      if (kind == Kind::kRetry || kind == Kind::kAside) commands.word(countdown_ms(settlement.countdown));
      if (kind != Kind::kAck) commands.word(settlement.payload);
    }
  }

  RedisSession& session_;  // not owned, outlives this
  const WorkerId& worker_;
  const std::span<const Settlement> settlements_;
  std::vector<StreamId> ids_;  // of each settlement, as the next
  std::vector<EntryName> names_;
};

}  // namespace

std::vector<Settled> redis_settle(RedisSession& session, const WorkerId& worker,
                                  std::span<const Settlement> settlements, Deadline deadline) {
  return Settling{session, worker, settlements}.run(deadline);
}

}  // namespace aftercommit
