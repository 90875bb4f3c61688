/// A test of what every broker must do: run against each implementation.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "broker/broker.hpp"
#include "support/eventually.hpp"
#include "support/servers.hpp"

namespace aftercommit::support {

inline constexpr Millis kNoWait{0};
inline constexpr Millis kShortWait{30};
inline constexpr Millis kLongWait{10'000};  // for what is expected to come at once
inline constexpr Millis kEnqueueTimeout{5000};
inline const WorkerId kAnn = "worker-ann";
inline const WorkerId kBob = "worker-bob";

struct Implementation {
  const char* name;
  std::string (*fresh_url)();

  friend void PrintTo(const Implementation& implementation, std::ostream* out) {
    *out << implementation.name;
  }
};

inline const auto kEveryBroker =
    testing::Values(Implementation{"Memory", [] { return "memory://" + unique_name("conformance"); }},
                    Implementation{"Redis", [] { return fresh_redis_url(); }});

inline std::string broker_name(const testing::TestParamInfo<Implementation>& parameter) {
  return parameter.param.name;
}

inline std::vector<std::string> payloads(const std::vector<Fetched>& jobs) {
  std::vector<std::string> all;
  for (const auto& job : jobs) all.push_back(job.payload);
  return all;
}

/// Instantiate it with kEveryBroker and broker_name.
class EveryBroker : public testing::TestWithParam<Implementation> {
 protected:
  /// One more broker of the same jobs, as another thread or process would have.
  std::unique_ptr<Broker> another() const { return make_broker(url); }

  void enqueue(std::vector<Outgoing> jobs) { broker->enqueue(jobs, kEnqueueTimeout); }

  std::vector<Fetched> fetch(std::size_t count, const WorkerId& worker = kAnn) {
    return broker->fetch(worker, mail, count, kNoWait);
  }

  Fetched fetch_one(const WorkerId& worker = kAnn) {
    auto jobs = fetch(1, worker);
    if (jobs.size() != 1) throw std::logic_error{"there was no job to fetch"};
    return jobs.front();
  }

  Settled settle(const WorkerId& worker, Settlement settlement) {
    return broker->settle(worker, {&settlement, 1}).at(0);
  }

  static Settlement to(Settlement::Kind kind, const Fetched& job, std::string payload = "again") {
    return {kind, job.queue, job.entry, std::move(payload)};
  }

  static Settlement to(Settlement::Kind kind, const Fetched& job, const JobId& durable) {
    return {kind, job.queue, job.entry, "again", Millis{0}, durable};
  }

  void promote_when_due(std::size_t count) {
    EXPECT_TRUE(eventually([&] { return (count -= broker->promote(mail, 100).promoted) == 0; }));
  }

  bool has(const JobId& job, const Queue& queue = "mail") {
    return broker->has_durable(queue, {&job, 1}).at(0);
  }

  void expect_counts(QueueCounts expected, const Queue& queue = "mail") {
    const auto counts = broker->counts(queue);
    EXPECT_EQ(counts.ready, expected.ready);
    EXPECT_EQ(counts.running, expected.running);
    EXPECT_EQ(counts.delayed, expected.delayed);
    EXPECT_EQ(counts.dead, expected.dead);
  }

  const std::string url = GetParam().fresh_url();
  const std::vector<Queue> mail{"mail"};
  const std::unique_ptr<Broker> broker = make_broker(url);
};

}  // namespace aftercommit::support
