/// The tasks of the chaos: each uses a feature that keeps state.  Declared as in fault_tasks.hpp; their
/// bodies in feature_tasks.cpp.
#pragma once

#include <array>
#include <chrono>
#include <string>

#include "aftercommit/aftercommit.hpp"
#include "aftercommit/periodic.hpp"
#include "fault/harness/fault_tasks.hpp"

namespace aftercommit::fault {

/// The environment variable of a producer that is to ask for jobs of these tasks too.
inline constexpr const char* kFeaturesVariable = "FAULT_FEATURES";

/// Of the task `paced`.
inline constexpr int kPacedMost = 5;
inline constexpr std::chrono::milliseconds kPacedPer{1000};
inline constexpr int kPacedBurst = 1;

/// Periodic tasks, by their names: the first one makes up for all ticks that were missed, the other for the
/// last alone.
inline constexpr const char* kEachSecond = "each second";
inline constexpr const char* kLatestSecond = "the latest second";

/// What `span` says it is of.
inline constexpr const char* kSpanOfUnique = "unique";
inline constexpr const char* kSpanOfLimit = "limit";
inline constexpr const char* kSpanOfRate = "rate";

struct FeatureTasks {
  App& app;  // not owned
  const TaskOptions settings{.queue = kLoadQueue, .backoff = fixed(kBackoff)};

  /// Returns the id of its row in `effect`.
  ResultTask<long, long> returning = app.task<long(long)>(
      "returning", {.queue = kLoadQueue, .backoff = fixed(kBackoff), .result_ttl = std::chrono::hours{24}});
  /// Would, but always fails.
  ResultTask<long, long> returning_fails =
      app.task<long(long)>("returning_fails", {.queue = kLoadQueue,
                                               .max_retries = kRetriesOfFailAlways,
                                               .backoff = fixed(kBackoff),
                                               .result_ttl = std::chrono::hours{24}});
  /// Its second argument is the unique key that the call has given; notes when it ran, as the next two do.
  Task<long, std::string> unique = app.task<long, std::string>("unique", settings);
  /// One at a time of each second argument.
  Task<long, std::string> one_a_key = app.task<long, std::string>(
      "one_a_key", {.queue = kLoadQueue,
                    .backoff = fixed(kBackoff),
                    .limits = {Concurrency{.name = {}, .most = 1, .per_key = true}},
                    .limit_key = "/1"});
  Task<long> paced = app.task<long>(
      "paced", {.queue = kLoadQueue,
                .backoff = fixed(kBackoff),
                .limits = {Rate{.name = {}, .most = kPacedMost, .per = kPacedPer, .burst = kPacedBurst}}});
  /// Of the periodic task that it is given the name of.
  Task<std::string> tick = app.task<std::string>("tick", settings);
};

/// For workers.
std::array<Periodic, 2> declare_periodic(const FeatureTasks& tasks);
void define_bodies(const FeatureTasks& tasks);

/// What producers and tasks write of it, in the transaction that it is about.
inline constexpr const char* kFeatureTables = R"(
  CREATE TABLE cancel_answer(id bigserial, job_id text NOT NULL, answer text NOT NULL,
                             at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE TABLE unique_ask(id bigserial, key text NOT NULL, job_id text NOT NULL, own boolean NOT NULL,
                          at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE TABLE span(job_id text NOT NULL, kind text NOT NULL, key text NOT NULL, pid int NOT NULL,
                    claimed timestamptz NOT NULL DEFAULT now(), begun timestamptz NOT NULL,
                    ended timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE TABLE ticked(job_id text NOT NULL, name text NOT NULL, tick_s bigint NOT NULL);
)";

}  // namespace aftercommit::fault
