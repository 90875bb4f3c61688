/// Fetching from Redis, and catching up with what was handed to this worker in a reply that got lost.
#pragma once

#include <array>
#include <exception>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/intake.hpp"
#include "broker/contract/levels.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// When a fetch fails midway, Redis may have put jobs in the worker's name that it never saw; one that was
/// restarted with older data may have put back some that were settled; and while the worker lives nobody
/// takes them from it.  So on a new connection a fetch first reads all that is pending in the worker's name.
/// That is complete, because Redis has done with what the broken connection left in its socket before it
/// reads the first command on a new one.
///
/// A queue that has jobs of other levels than the normal one is read by a script of its own.  Whether it has
/// any is asked on a new connection and then now and then, together with what is read anyway; so one that has
/// none costs nothing more.
class RedisFetcher {
 public:
  explicit RedisFetcher(RedisSession& session) : session_{session} {}

  /// As Broker::fetch; takes `call_timeout` at most, beside `wait`.
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait, Millis call_timeout);

 private:
  /// How far a worker has read one stream.
  struct Place {
    std::string last = "0-0";  // the last entry that was handed out
    bool behind = false;       // there may be entries in its name beyond `last` that it has not seen
  };
  /// And one queue.
  struct Cursor {
    std::array<Place, kLevels> places{};
    bool alone = false;       // read by itself: it had many jobs, or something was wrong
    bool has_levels = false;  // as it had once, if only for a while
    LevelShares shares{};

    Place& at(Priority level) { return places.at(index_of(level)); }
    Place& normal() { return at(Priority::kNormal); }
  };
  /// A stream of one of the queues.
  struct Source {
    const Queue* queue;
    Priority level = Priority::kNormal;
  };
  struct Request {
    const WorkerId& worker;
    std::span<const Queue> queues;
    std::size_t count;
    Deadline deadline;    // of the whole call
    Deadline wait_until;  // for the first job
  };

  /// A queue that was read in the round trip of those before it, and whose turn has not come yet.
  struct ReadAhead {
    const Queue* queue = nullptr;  // null: none
    std::vector<Fetched> jobs;
  };

  Cursor& cursor(const WorkerId& worker, const Queue& queue) { return cursors_[worker][queue]; }
  const std::string& stream(const Source& source) {
    return session_.keys(*source.queue).at(source.level).stream;
  }
  std::vector<Source> sources(const Request& request);

  void look_again_at(const Request& request, std::span<const Queue> queues);
  void look_again_everywhere(const Request& request);
  void look_for_levels(const Request& request);
  std::vector<const Queue*> add_look(RedisPipeline& commands, const Request& request);
  void note_look(const Request& request, const Queue& queue, const redisReply& reply);
  void catch_up(const Request& request, const Queue& queue, std::vector<Fetched>& found);
  std::exception_ptr take_ready(const Request& request, std::vector<Fetched>& found);
  void take_alone(const Request& request, const Queue& queue, std::vector<Fetched>& found);
  void take_levels(const Request& request, const Queue& queue, std::vector<Fetched>& found);
  std::span<const Queue> read_together(const Request& request, std::span<const Queue> queues);
  std::size_t take_together(const Request& request, std::span<const Queue> queues,
                            std::vector<Fetched>& found, ReadAhead& ahead);
  void wait_for_ready(const Request& request, std::vector<Fetched>& found);
  void release_surplus(const Request& request, std::vector<Fetched>& found);
  Reply read(const Request& request, std::span<const Source> sources, std::size_t count,
             std::string_view after, Deadline wait_until = {});
  void add_read(RedisPipeline& commands, const Request& request, std::span<const Source> sources,
                std::size_t count, std::string_view after, Deadline wait_until = {});
  void make_groups(const Request& request, std::span<const Source> sources);
  std::size_t append(const Request& request, const redisReply& streams, std::vector<Fetched>& found);
  Source source_of(const Request& request, std::string_view key);

  std::uint64_t connection_ = 0;  // that the cursors belong to; 0: none yet
  RedisSession& session_;         // not owned, outlives this
  std::map<WorkerId, std::map<Queue, Cursor>> cursors_;
  Deadline look_at_{};     // when it is asked again which queues have levels
  std::size_t quiet_ = 0;  // how often in a row a read of those before another has found nothing
};

}  // namespace aftercommit
