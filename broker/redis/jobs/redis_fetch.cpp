/// Reads the streams as a consumer of the group in their order, then waits on all of them at once.
#include "broker/redis/jobs/redis_fetch.hpp"

#include <algorithm>
#include <exception>
#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "broker/redis/jobs/redis_entry.hpp"
#include "broker/redis/jobs/redis_settle.hpp"

namespace aftercommit {
namespace {

using Clock = std::chrono::steady_clock;

// A round trip costs about as much as it costs to have a script hand on so many jobs.
constexpr std::size_t kFew = 16;
// When so many reads in a row found nothing in the queues that have few, the next will likely find nothing. A
// wrong guess sends jobs of another queue to its end.
constexpr std::size_t kQuiet = 4;
constexpr Millis kLook{400};  // between two looks which queues have jobs of other levels than the normal one

Fetched fetched(const Queue& queue, Priority level, const redisReply& entry) {
  return {queue, EntryName{text(*elements(entry)[0]), level}.str(), payload_of(*elements(entry)[1])};
}

}  // namespace

std::vector<Fetched> RedisFetcher::fetch(const WorkerId& worker, std::span<const Queue> queues,
                                         std::size_t count, Millis wait, Millis call_timeout) {
  std::vector<Fetched> found;
  if (queues.empty() || count == 0) return found;
  const auto wait_until = Clock::now() + wait;
  const Request request{worker, queues, count, wait_until + call_timeout, wait_until};
  std::exception_ptr refusal;
  try {
    session_.connect(request.deadline);
    const auto before = std::exchange(connection_, session_.connections());
    if (before != 0 && before != connection_) look_again_everywhere(request);
    if (before != connection_) look_for_levels(request);
    const bool one = queues.size() == 1 && !cursor(worker, queues.front()).has_levels;
    if (one && wait > Millis{0}) {  // one read waits at once
      catch_up(request, queues.front(), found);
    } else {
      refusal = take_ready(request, found);
    }
    if (found.empty() && !refusal && wait > Millis{0}) wait_for_ready(request, found);
  } catch (...) {
    look_again_at(request, queues);
    if (found.empty()) throw;  // else the next call meets the trouble
    return found;
  }
  if (found.empty() && refusal) std::rethrow_exception(refusal);

  auto name = found.empty() ? EntryName{} : EntryName::parse(found.front().entry);
  for (std::size_t i = 0; i < found.size(); ++i) {
    const auto next = i + 1 < found.size() ? EntryName::parse(found[i + 1].entry) : EntryName{};
    const bool last_of_stream =
        i + 1 == found.size() || next.level != name.level || found[i + 1].queue != found[i].queue;
    if (last_of_stream) cursor(worker, found[i].queue).at(name.level).last = name.id;
    name = next;
  }
  return found;
}

/// The streams to be waited on.
std::vector<RedisFetcher::Source> RedisFetcher::sources(const Request& request) {
  std::vector<Source> all;
  for (const auto& queue : request.queues) {
    const bool has_levels = cursor(request.worker, queue).has_levels;
    for (const auto level : kAllLevels) {
      if (has_levels || level == Priority::kNormal) all.push_back({&queue, level});
    }
  }
  return all;
}

void RedisFetcher::look_for_levels(const Request& request) {
  look_at_ = {};
  RedisPipeline commands;
  const auto looked_at = add_look(commands, request);
  session_.run(commands, request.deadline,
               [&](std::size_t i, Reply reply) { note_look(request, *looked_at[i], *reply); });
}

/// Adds, if it is time for that, a command for each of the queues that had no levels yet.
std::vector<const Queue*> RedisFetcher::add_look(RedisPipeline& commands, const Request& request) {
  std::vector<const Queue*> asked;
  const auto now = Clock::now();
  if (now < look_at_) return asked;
  look_at_ = now + kLook;
  for (const auto& queue : request.queues) {
    if (cursor(request.worker, queue).has_levels) continue;
    const auto& keys = session_.keys(queue);
    commands.add("EXISTS", keys.at(Priority::kCritical).stream, keys.at(Priority::kHigh).stream,
                 keys.at(Priority::kLow).stream);
    asked.push_back(&queue);
  }
  return asked;
}

void RedisFetcher::note_look(const Request& request, const Queue& queue, const redisReply& reply) {
  if (is_error(reply)) return;  // what is read says what is wrong
  if (reply.integer > 0) cursor(request.worker, queue).has_levels = true;
}

/// From the start: a Redis that has fallen back to an older state holds entries in our name from before
/// `last`.
void RedisFetcher::look_again_at(const Request& request, std::span<const Queue> queues) {
  for (const auto& queue : queues) {
    auto& position = cursor(request.worker, queue);
    position.places.fill(Place{.behind = true});
    position.alone = false;
  }
}

/// Also in queues that are not asked for now, as they are paused: they will be.
void RedisFetcher::look_again_everywhere(const Request& request) {
  std::vector<Queue> all{request.queues.begin(), request.queues.end()};
  for (const auto& [queue, position] : cursors_[request.worker]) all.push_back(queue);
  look_again_at(request, all);
}

void RedisFetcher::catch_up(const Request& request, const Queue& queue, std::vector<Fetched>& found) {
  auto& position = cursor(request.worker, queue);
  for (const auto level : kAllLevels) {
    if (level != Priority::kNormal && !position.has_levels) continue;
    auto& place = position.at(level);
    const auto room = request.count - found.size();
    if (!place.behind || room == 0) continue;
    const Source source{&queue, level};
    const auto last = place.last;  // which read() may forget
    const auto streams = read(request, {&source, 1}, room, last);
    place.behind = append(request, *streams, found) == room;
  }
}

/// Queues that had few jobs, mostly none, are read together in one round trip.  Answers the refusal of one,
/// which must not keep the others from being read.
std::exception_ptr RedisFetcher::take_ready(const Request& request, std::vector<Fetched>& found) {
  std::exception_ptr refusal;
  ReadAhead ahead;
  for (auto rest = request.queues; !rest.empty() && found.size() < request.count;) {
    const auto together = read_together(request, rest);
    try {
      if (together.size() > 1) {
        rest = rest.subspan(take_together(request, together, found, ahead));
        continue;
      }
      if (ahead.queue == &rest.front()) {
        const auto room = request.count - found.size();
        cursor(request.worker, rest.front()).alone = ahead.jobs.size() >= std::min(room, kFew);
        std::ranges::move(std::exchange(ahead, {}).jobs, std::back_inserter(found));
      } else if (cursor(request.worker, rest.front()).has_levels) {
        take_levels(request, rest.front(), found);
      } else {
        take_alone(request, rest.front(), found);
      }
    } catch (const BrokerRefused&) {
      if (!refusal) refusal = std::current_exception();
      if (together.size() > 1) {  // as a whole: find out which it is
        look_again_at(request, together);
        continue;
      }
    }
    rest = rest.subspan(1);
  }
  std::ranges::move(ahead.jobs, std::back_inserter(found));
  if (found.size() > request.count) release_surplus(request, found);
  return refusal;
}

void RedisFetcher::take_alone(const Request& request, const Queue& queue, std::vector<Fetched>& found) {
  auto& position = cursor(request.worker, queue);
  position.alone = true;  // for as long as it is refused
  catch_up(request, queue, found);
  const auto room = request.count - found.size();
  if (room == 0) return;
  const Source source{&queue};
  const auto entries = append(request, *read(request, {&source, 1}, room, ">"), found);
  position.alone = entries >= std::min(room, kFew);
}

void RedisFetcher::take_levels(const Request& request, const Queue& queue, std::vector<Fetched>& found) {
  catch_up(request, queue, found);
  const auto room = request.count - found.size();
  if (room == 0) return;
  const auto& keys = session_.keys(queue);
  std::vector<std::string_view> words{keys.stream, keys.durable, keys.relay};
  for (const auto level : kAllLevels) words.push_back(keys.at(level).stream);
  RedisPipeline commands;
  commands.begin_script(scripts::fetch_levels(), words, 1 + kLevels);
  commands.word(request.worker);
  for (const auto share : cursor(request.worker, queue).shares.next(room)) commands.word(share);
  const auto replies = session_.ask(commands, request.deadline);
  const auto answers = elements(*replies[0]);
  const redisReply* refused = nullptr;
  const auto before = found.size();
  for (const auto level : kAllLevels) {
    const auto& answer = *answers[index_of(level)];
    if (is_error(answer)) {
      refused = &answer;
      continue;
    }
    for (const auto* entry : elements(answer)) found.push_back(fetched(queue, level, *entry));
  }
  if (refused != nullptr && found.size() == before) {  // else the next call meets the trouble
    session_.understand(*refused, commands.what(0)).raise();
  }
}

/// Those at the front that one script can read.
std::span<const Queue> RedisFetcher::read_together(const Request& request, std::span<const Queue> queues) {
  const auto end = std::ranges::find_if(queues, [&](const Queue& queue) {
    auto& position = cursor(request.worker, queue);
    return position.alone || position.normal().behind || position.has_levels;
  });
  return {queues.begin(), end};
}

/// Answers how many are done with: it ends before one that is to be read alone.  Where they will likely have
/// nothing, the queue after them is read in the same round trip.
std::size_t RedisFetcher::take_together(const Request& request, std::span<const Queue> queues,
                                        std::vector<Fetched>& found, ReadAhead& ahead) {
  std::vector<std::string_view> streams;
  for (const auto& queue : queues) streams.push_back(session_.keys(queue).stream);
  RedisPipeline commands;
  const auto looked_at = add_look(commands, request);
  const auto script = looked_at.size();  // its place among the commands
  commands.begin_script(scripts::fetch(), streams, 3);
  commands.word(request.worker);
  commands.word(request.count - found.size());
  commands.word(kFew);
  const auto* next = queues.data() + queues.size();
  const bool has_next = next != request.queues.data() + request.queues.size();
  const auto can_be_read_ahead = [&] {
    auto& position = cursor(request.worker, *next);
    return !position.normal().behind && !position.has_levels;
  };
  const bool reads_ahead = has_next && quiet_ >= kQuiet && ahead.queue == nullptr && can_be_read_ahead();
  const Source source{next};
  if (reads_ahead) add_read(commands, request, {&source, 1}, request.count - found.size(), ">");
  std::vector<Reply> replies(commands.size());
  session_.run(commands, request.deadline,
               [&](std::size_t command, Reply reply) { replies[command] = std::move(reply); });
  if (reads_ahead && !is_error(*replies[script + 1])) {
    ahead.queue = next;
    append(request, *replies[script + 1], ahead.jobs);
  }
  for (std::size_t i = 0; i < script; ++i) note_look(request, *looked_at[i], *replies[i]);
  if (is_error(*replies[script])) session_.understand(*replies[script], commands.what(script)).raise();
  const auto answers = elements(*replies[script]);
  const bool nothing = std::ranges::all_of(answers, [](const auto* answer) { return is_nil(*answer); });
  if (has_next) quiet_ = nothing ? quiet_ + 1 : 0;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto entries = elements(*answers[i]);
    for (const auto* entry : entries) found.push_back(fetched(queues[i], Priority::kNormal, *entry));
    if (!is_error(*answers[i]) && entries.size() < kFew) continue;
    const bool all_new = is_error(*answers[i], "NOGROUP");  // likely
    for (const auto& queue : queues.subspan(i, all_new ? queues.size() - i : 1)) {
      cursor(request.worker, queue).alone = true;
    }
    return i;
  }
  return answers.size();
}

void RedisFetcher::wait_for_ready(const Request& request, std::vector<Fetched>& found) {
  // COUNT is for each stream: where jobs arrive on several before the wait begins, they may be more than
  // asked for.
  const auto all = sources(request);
  const auto count = all.size() == 1 ? request.count : 1;
  append(request, *read(request, all, count, ">", request.wait_until), found);
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

/// XREADGROUP on some streams: entries never handed out for `after` ">", else those in the worker's name
/// beyond it.
Reply RedisFetcher::read(const Request& request, std::span<const Source> sources, std::size_t count,
                         std::string_view after, Deadline wait_until) {
  for (bool first = true;; first = false) {
    RedisPipeline commands;
    const auto looked_at = add_look(commands, request);
    add_read(commands, request, sources, count, after, wait_until);
    Reply streams;
    session_.run(commands, request.deadline, [&](std::size_t i, Reply reply) {
      if (i < looked_at.size()) {
        note_look(request, *looked_at[i], *reply);
      } else {
        streams = std::move(reply);
      }
    });
    if (!is_error(*streams)) return streams;
    // The group is not there, or went away while we waited (then UNBLOCKED, where its stream went with it).
    const bool no_group = is_error(*streams, "NOGROUP") || is_error(*streams, "UNBLOCKED");
    if (!first || !no_group) session_.understand(*streams, commands.what(looked_at.size())).raise();
    make_groups(request, sources);
  }
}

void RedisFetcher::add_read(RedisPipeline& commands, const Request& request, std::span<const Source> sources,
                            std::size_t count, std::string_view after, Deadline wait_until) {
  const auto block = std::chrono::ceil<Millis>(wait_until - Clock::now());
  const bool waits = block > Millis{0};  // BLOCK 0 would mean for ever
  commands.begin("XREADGROUP", 6 + (waits ? 2 : 0) + 2 * sources.size());
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
  for (const auto& source : sources) commands.word(stream(source));
  for (std::size_t i = 0; i < sources.size(); ++i) commands.word(after);
}

/// For queues that are new, or that Redis has lost together with all entries in anybody's name.
void RedisFetcher::make_groups(const Request& request, std::span<const Source> sources) {
  RedisPipeline commands;
  for (const auto& source : sources) {
    const auto& keys = session_.keys(*source.queue);
    if (source.level == Priority::kNormal) {
      commands.begin_script(scripts::group(), {keys.stream, keys.durable, keys.relay}, 0);
    } else {
      commands.begin_script(scripts::level_group(), {keys.at(source.level).stream}, 0);
    }
  }
  const auto made = session_.ask(commands, request.deadline);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    if (made[i]->integer != 1) continue;
    auto& position = cursor(request.worker, *sources[i].queue);
    position.at(sources[i].level) = Place{};
    position.alone = false;
  }
}

/// Adds the entries of a reply of XREADGROUP to `found`; answers how many there were.
std::size_t RedisFetcher::append(const Request& request, const redisReply& streams,
                                 std::vector<Fetched>& found) {
  std::size_t entries = 0;
  RedisPipeline gone;  // in the worker's name, but deleted by somebody: there is nothing left to hand out
  for (const auto* stream : elements(streams)) {
    const auto key = text(*elements(*stream)[0]);
    const auto source = source_of(request, key);
    for (const auto* entry : elements(*elements(*stream)[1])) {
      ++entries;
      const auto id = text(*elements(*entry)[0]);
      const auto& fields = *elements(*entry)[1];
      if (is_nil(fields)) {
        gone.add("XACK", key, kRedisGroup, id);
      } else {
        found.push_back(fetched(*source.queue, source.level, *entry));
      }
    }
  }
  session_.ask(gone, request.deadline);
  return entries;
}

/// Which of the streams has this key.
RedisFetcher::Source RedisFetcher::source_of(const Request& request, std::string_view key) {
  for (const auto& queue : request.queues) {
    const auto& keys = session_.keys(queue);
    if (keys.stream == key) return {&queue, Priority::kNormal};
    for (const auto level : kAllLevels) {
      if (keys.at(level).stream == key) return {&queue, level};
    }
  }
  throw BrokerRefused{"Redis has answered with entries of a stream that it was not asked for"};
}

}  // namespace aftercommit
