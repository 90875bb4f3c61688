/// Settles in one pipeline of script calls, one for each queue and kind (more when there are very many).
#include "broker/redis_settle.hpp"

#include <algorithm>
#include <charconv>
#include <compare>
#include <optional>

#include "broker/epoch_ms.hpp"
#include "broker/redis_batches.hpp"

namespace aftercommit {
namespace {

/// A stream's entry id, "1700000000000-0", in the order of the stream.
struct StreamId {
  std::uint64_t ms = 0;
  std::uint64_t sequence = 0;

  friend auto operator<=>(const StreamId&, const StreamId&) = default;
};

std::optional<StreamId> stream_id(std::string_view text) {
  StreamId id;
  const auto* const end = text.data() + text.size();
  const auto ms = std::from_chars(text.data(), end, id.ms);
  if (ms.ec != std::errc{} || ms.ptr == end || *ms.ptr != '-') return {};
  const auto sequence = std::from_chars(ms.ptr + 1, end, id.sequence);
  if (sequence.ec != std::errc{} || sequence.ptr != end) return {};
  return id;
}

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

    const auto replies = session_.ask(commands, deadline);
    for (std::size_t i = 0; i < calls.size(); ++i) {
      const auto answered = elements(*replies[i]);
      for (std::size_t j = 0; j < answered.size(); ++j)
        answers.at(calls[i].jobs.at(j)) = settled(*answered[j]);
    }
    return answers;
  }

 private:
  std::vector<RedisBatch> script_calls() {
    std::vector<std::size_t> possible;  // what is no entry id of a stream is pending nowhere
    ids_.resize(settlements_.size());
    for (std::size_t i = 0; i < settlements_.size(); ++i) {
      const auto id = stream_id(settlements_[i].entry);
      if (!id) continue;
      ids_[i] = *id;
      possible.push_back(i);
    }
    const auto alike = [&](std::size_t a, std::size_t b) {
      return settlements_[a].kind == settlements_[b].kind && settlements_[a].queue == settlements_[b].queue;
    };
    return batches(possible, alike, [&](std::size_t i) { return settlements_[i].payload.size(); });
  }

  void add(const RedisBatch& call, RedisPipeline& commands) const {
    using Kind = Settlement::Kind;
    const auto kind = settlements_[call.jobs.front()].kind;
    const auto& keys = session_.keys(settlements_[call.jobs.front()].queue);
    const auto count = call.jobs.size();
    switch (kind) {
      case Kind::kAck:
        commands.begin_script(scripts::ack(), {keys.stream}, 3 + count);
        break;
      case Kind::kRelease:
        commands.begin_script(scripts::release(), {keys.stream}, 3 + 2 * count);
        break;
      case Kind::kBury:
        commands.begin_script(scripts::bury(), {keys.stream, keys.dead}, 3 + 2 * count);
        break;
      case Kind::kRetry:
        commands.begin_script(scripts::retry(), {keys.stream, keys.delayed}, 4 + 3 * count);
        break;
    }
    const auto [lowest, highest] =
        std::ranges::minmax_element(call.jobs, {}, [&](std::size_t i) { return ids_[i]; });
    commands.word(worker_);
    commands.word(settlements_[*lowest].entry);
    commands.word(settlements_[*highest].entry);
    if (kind == Kind::kRetry) commands.word(keys.wake);
    for (const auto i : call.jobs) {
      commands.word(settlements_[i].entry);
      if (kind == Kind::kRetry) commands.word(countdown_ms(settlements_[i].countdown));
      if (kind != Kind::kAck) commands.word(settlements_[i].payload);
    }
  }

  RedisSession& session_;  // not owned, outlives this
  const WorkerId& worker_;
  const std::span<const Settlement> settlements_;
  std::vector<StreamId> ids_;  // of each settlement
};

}  // namespace

std::vector<Settled> redis_settle(RedisSession& session, const WorkerId& worker,
                                  std::span<const Settlement> settlements, Deadline deadline) {
  return Settling{session, worker, settlements}.run(deadline);
}

}  // namespace aftercommit
