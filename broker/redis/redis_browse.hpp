/// What an operator looks at in Redis, in pages.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "broker/contract/browsing.hpp"
#include "broker/redis/wire/redis_session.hpp"

namespace aftercommit {

/// Each of its calls is a loop over pages, and `call_timeout` is for one page.
class RedisBrowser {
 public:
  /// `session` is not owned and outlives this.
  RedisBrowser(RedisSession& session, Millis call_timeout) : session_{session}, call_timeout_{call_timeout} {}

  /// As the calls of Broker.
  QueueCounts counts(const Queue& queue);
  std::vector<DeadLetterEntry> dead_letters(const Queue& queue, std::size_t offset, std::size_t count);
  std::vector<Queue> queues();
  void for_each_job(const Queue& queue,
                    const std::function<void(JobState state, std::string_view payload)>& visit);
  void for_each_durable(const Queue& queue, const std::function<void(const JobId& job)>& visit);
  std::vector<DeadLetterEntry> dead_letters_until(const Queue& queue,
                                                  std::chrono::system_clock::time_point until,
                                                  std::size_t offset, std::size_t count);
  JobPage jobs(const Queue& queue, JobPart part, const std::string& after, std::size_t count);
  std::size_t remove_jobs(const Queue& queue, std::span<const JobEntry> jobs,
                          std::span<const std::optional<JobId>> durable);
  std::vector<WorkerView> workers(const Queue& queue);

 private:
  class Pager;  // redis_pages.cpp
  using TakePage = std::function<void(const redisReply& page)>;

  Reply ask(const RedisPipeline& commands);
  void scan(std::string_view command, const std::string& key, std::size_t count, const TakePage& take);
  void visit_level(const RedisLevelKeys& keys, const std::function<void(JobState, std::string_view)>& visit);
  std::map<std::string, std::int64_t> limited(const RedisLevelKeys& keys);
  void visit_stream(const std::string& stream, const std::function<void(JobState, std::string_view)>& visit);
  std::set<std::string, std::less<>> running_between(const std::string& stream, std::string_view first,
                                                     std::string_view last);

  RedisSession& session_;  // not owned, outlives this
  const Millis call_timeout_;
};

}  // namespace aftercommit
