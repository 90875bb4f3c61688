/// The flow of the chaos: declared for producers and workers, its body in journey_tasks.cpp.
#pragma once

#include "aftercommit/aftercommit.hpp"
#include "fault/harness/fault_tasks.hpp"
#include "fault/harness/journey_plan.hpp"

namespace aftercommit::fault {

inline constexpr const char* kJourney = "journey";

struct JourneyTasks {
  const FaultTasks& usual;  // not owned

  /// Seed, count and inner of a Journey.  Each of its steps leaves a row in `journey_effect`, the last one an
  /// effect besides.
  FlowTask<long, long, bool> journey = usual.app.flow<long, long, bool>(kJourney, usual.settings);
};

/// For workers.
void define_bodies(const JourneyTasks& tasks);

/// What producers and flows write of it, each row by the transaction that it is about; nothing keeps one from
/// being there twice.
inline constexpr const char* kJourneyTables = R"(
  CREATE TABLE journey_ask(flow text NOT NULL, seed bigint NOT NULL, count bigint NOT NULL, inner_one boolean NOT NULL);
  CREATE TABLE journey_event(flow text NOT NULL, place bigint NOT NULL, gifts int NOT NULL,
                             due timestamptz NOT NULL);
  CREATE INDEX ON journey_event(due) WHERE gifts > 0;
  CREATE TABLE journey_gift(id bigserial, flow text NOT NULL, place bigint NOT NULL, value bigint NOT NULL,
                            answer text NOT NULL);
  CREATE TABLE journey_effect(id bigserial, flow text NOT NULL, place bigint NOT NULL, kind text NOT NULL,
                              value bigint NOT NULL, attempt int NOT NULL, pid int NOT NULL,
                              at timestamptz NOT NULL DEFAULT clock_timestamp());
  CREATE TABLE journey_child(job_id text NOT NULL, task text NOT NULL, flow text NOT NULL);
)";

}  // namespace aftercommit::fault
