/// Reads the streams as a consumer of the group, queue by queue, then waits on all of them at once.
#include "broker/redis_fetch.hpp"

#include <algorithm>
#include <exception>
#include <utility>

#include "broker/redis_entry.hpp"
#include "broker/redis_settle.hpp"

namespace aftercommit {
namespace {

using Clock = std::chrono::steady_clock;

}  // namespace

std::vector<Fetched> RedisFetcher::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                         std::size_t count, Millis wait, Millis call_timeout) {
  std::vector<Fetched> found;
  if (queues.empty() || count == 0) return found;
  const auto wait_until = Clock::now() + wait;
  const Request request{worker, queues, count, wait_until + call_timeout, wait_until};
  const bool wait_at_once = queues.size() == 1 && wait > Millis{0};
  std::exception_ptr refusal;  // of one queue, which must not keep the others from being read
  try {
    session_.connect(request.deadline);
    const auto before = std::exchange(connection_, session_.connections());
    if (before != 0 && before != connection_) look_again_at(request);
    for (const auto& queue : queues) {
      try {
        catch_up(request, queue, found);
        if (!wait_at_once) take_ready(request, queue, found);
      } catch (const BrokerRefused&) {
        if (!refusal) refusal = std::current_exception();
      }
    }
    if (found.empty() && !refusal && wait > Millis{0}) wait_for_ready(request, found);
  } catch (...) {
    look_again_at(request);
    if (found.empty()) throw;  // else the next call meets the trouble
    return found;
  }
  if (found.empty() && refusal) std::rethrow_exception(refusal);

  for (std::size_t i = 0; i < found.size(); ++i) {
    const bool last_of_queue = i + 1 == found.size() || found[i + 1].queue != found[i].queue;
    if (last_of_queue) cursor(worker, found[i].queue).last = found[i].entry;
  }
  return found;
}

/// From the start: a Redis that has fallen back to an older state holds entries in our name from before
/// `last`.
void RedisFetcher::look_again_at(const Request& request) {
  for (const auto& queue : request.queues) cursor(request.worker, queue) = Cursor{.behind = true};
}

void RedisFetcher::catch_up(const Request& request, const Queue& queue, std::vector<Fetched>& found) {
  auto& position = cursor(request.worker, queue);
  const auto room = request.count - found.size();
  if (!position.behind || room == 0) return;
  const auto streams = read(request, {&queue, 1}, room, position.last);
  position.behind = append(request, *streams, found) == room;
}

void RedisFetcher::take_ready(const Request& request, const Queue& queue, std::vector<Fetched>& found) {
  const auto room = request.count - found.size();
  if (room > 0) append(request, *read(request, {&queue, 1}, room, ">"), found);
}

void RedisFetcher::wait_for_ready(const Request& request, std::vector<Fetched>& found) {
  // COUNT is for each stream: where jobs arrive on several before the wait begins, they may be more than
  // asked for.
  const auto count = request.queues.size() == 1 ? request.count : 1;
  append(request, *read(request, request.queues, count, ">", request.wait_until), found);
  if (found.size() > request.count) release_surplus(request, found);
}

void RedisFetcher::release_surplus(const Request& request, std::vector<Fetched>& found) {
  std::vector<Settlement> surplus;
  for (auto job = found.begin() + static_cast<std::ptrdiff_t>(request.count); job != found.end(); ++job) {
    surplus.push_back(
        {Settlement::Kind::kRelease, std::move(job->queue), std::move(job->entry), std::move(job->payload)});
  }
  found.resize(request.count);
  redis_settle(session_, request.worker, surplus, request.deadline);
}

/// XREADGROUP on some queues: entries never handed out for `after` ">", else those in the worker's name
/// beyond it.
Reply RedisFetcher::read(const Request& request, std::span<const Queue> queues, std::size_t count,
                         std::string_view after, Deadline wait_until) {
  for (bool first = true;; first = false) {
    const auto commands = format(request, queues, count, after, wait_until);
    Reply streams;
    session_.run(commands, request.deadline, [&](std::size_t, Reply reply) { streams = std::move(reply); });
    if (!is_error(*streams)) return streams;
    // The group is not there, or went away while we waited (then UNBLOCKED, where its stream went with it).
    const bool no_group = is_error(*streams, "NOGROUP") || is_error(*streams, "UNBLOCKED");
    if (!first || !no_group) session_.understand(*streams, commands.what(0)).raise();
    make_groups(request, queues);
  }
}

RedisPipeline RedisFetcher::format(const Request& request, std::span<const Queue> queues, std::size_t count,
                                   std::string_view after, Deadline wait_until) {
  const auto block = std::chrono::ceil<Millis>(wait_until - Clock::now());
  const bool waits = block > Millis{0};  // BLOCK 0 would mean for ever
  RedisPipeline commands;
  commands.begin("XREADGROUP", 6 + (waits ? 2 : 0) + 2 * queues.size());
  for (const auto word : {std::string_view{"GROUP"}, kRedisGroup, std::string_view{request.worker}}) {
    commands.word(word);
  }
  commands.word("COUNT");
  commands.word(count);
  if (waits) {
    commands.word("BLOCK");
    commands.word(block.count());
  }
  commands.word("STREAMS");
  for (const auto& queue : queues) commands.word(session_.keys(queue).stream);
  for (std::size_t i = 0; i < queues.size(); ++i) commands.word(after);
  return commands;
}

/// For queues that are new, or that Redis has lost together with all entries in anybody's name.
void RedisFetcher::make_groups(const Request& request, std::span<const Queue> queues) {
  RedisPipeline commands;
  for (const auto& queue : queues) {
    const auto& keys = session_.keys(queue);
    commands.begin_script(scripts::group(), {keys.stream, keys.durable, keys.relay}, 0);
  }
  const auto made = session_.ask(commands, request.deadline);
  for (std::size_t i = 0; i < queues.size(); ++i) {
    if (made[i]->integer == 1) cursor(request.worker, queues[i]) = Cursor{};
  }
}

/// Adds the entries of a reply of XREADGROUP to `found`; answers how many there were.
std::size_t RedisFetcher::append(const Request& request, const redisReply& streams,
                                 std::vector<Fetched>& found) {
  std::size_t entries = 0;
  RedisPipeline gone;  // in the worker's name, but deleted by somebody: there is nothing left to hand out
  for (const auto* stream : elements(streams)) {
    const auto key = text(*elements(*stream)[0]);
    const auto queue =
        std::ranges::find_if(request.queues, [&](const Queue& q) { return session_.keys(q).stream == key; });
    for (const auto* entry : elements(*elements(*stream)[1])) {
      ++entries;
      const auto id = text(*elements(*entry)[0]);
      const auto& fields = *elements(*entry)[1];
      if (is_nil(fields)) {
        gone.add("XACK", key, kRedisGroup, id);
      } else {
        found.push_back({*queue, std::string{id}, payload_of(fields)});
      }
    }
  }
  session_.ask(gone, request.deadline);
  return entries;
}

}  // namespace aftercommit
