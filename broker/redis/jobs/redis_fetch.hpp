/// Fetching from Redis, and catching up with what was handed to this worker in a reply that got lost.
#pragma once

#include <exception>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "broker/contract/intake.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// When a fetch fails midway, Redis may have put jobs in the worker's name that it never saw; one that was
/// restarted with older data may have put back some that were settled; and while the worker lives nobody
/// takes them from it.  So on a new connection a fetch first reads all that is pending in the worker's name.
/// That is complete, because Redis has done with what the broken connection left in its socket before it
/// reads the first command on a new one.
class RedisFetcher {
 public:
  explicit RedisFetcher(RedisSession& session) : session_{session} {}

  /// As Broker::fetch; takes `call_timeout` at most, beside `wait`.
  std::vector<Fetched> fetch(const WorkerId& worker, std::span<const Queue> queues, std::size_t count,
                             Millis wait, Millis call_timeout);

 private:
  /// How far a worker has read a queue.
  struct Cursor {
    std::string last = "0-0";  // the last entry that was handed out
    bool behind = false;       // there may be entries in its name beyond `last` that it has not seen
    bool alone = false;        // read by itself: it had many jobs, or something was wrong
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

  void look_again_at(const Request& request, std::span<const Queue> queues);
  void catch_up(const Request& request, const Queue& queue, std::vector<Fetched>& found);
  std::exception_ptr take_ready(const Request& request, std::vector<Fetched>& found);
  void take_alone(const Request& request, const Queue& queue, std::vector<Fetched>& found);
  std::span<const Queue> read_together(const Request& request, std::span<const Queue> queues);
  std::size_t take_together(const Request& request, std::span<const Queue> queues,
                            std::vector<Fetched>& found, ReadAhead& ahead);
  void wait_for_ready(const Request& request, std::vector<Fetched>& found);
  void release_surplus(const Request& request, std::vector<Fetched>& found);
  Reply read(const Request& request, std::span<const Queue> queues, std::size_t count, std::string_view after,
             Deadline wait_until = {});
  void add_read(RedisPipeline& commands, const Request& request, std::span<const Queue> queues,
                std::size_t count, std::string_view after, Deadline wait_until = {});
  void make_groups(const Request& request, std::span<const Queue> queues);
  std::size_t append(const Request& request, const redisReply& streams, std::vector<Fetched>& found);

  std::uint64_t connection_ = 0;  // that the cursors belong to; 0: none yet
  RedisSession& session_;         // not owned, outlives this
  std::map<WorkerId, std::map<Queue, Cursor>> cursors_;
  std::size_t quiet_ = 0;  // how often in a row a read of those before another has found nothing
};

}  // namespace aftercommit
