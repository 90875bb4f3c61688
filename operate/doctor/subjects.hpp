/// What the doctor looks at: a function and a file for each subject.  Each judges a report that somebody has
/// taken, and asks no server, so that a test may make one up.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>

#include "broker/contract/server_report.hpp"
#include "operate/doctor/diagnosis.hpp"
#include "operate/doctor/machine_report.hpp"
#include "operate/doctor/postgres_report.hpp"

namespace aftercommit::operate {

/// What the judgement depends on beside the servers.
struct Surroundings {
  bool has_database = false;  ///< without one all jobs are in Redis alone
  std::size_t processes = 0;  ///< of workers, as somebody has told, or that hold a lease now
  std::size_t threads = 0;    ///< of all of them: jobs that they run at the same time
  std::size_t shards = 1;     ///< of Redis
};

// --- Redis.

/// Its version, and whether it is one that can be written to.
void look_at_redis_server(const ServerReport& redis, Notes& notes);
/// What becomes of jobs when it is full.
void look_at_redis_memory(const ServerReport& redis, Notes& notes);
/// What becomes of jobs when it ends.
void look_at_redis_persistence(const ServerReport& redis, const Surroundings& surroundings, Notes& notes);
/// Its connections: idle ones, and how many there may be.
void look_at_redis_connections(const ServerReport& redis, Notes& notes);
/// What its user may do.
void look_at_redis_rights(const ServerReport& redis, Notes& notes);

// --- PostgreSQL.

/// Its version, and whether it takes writes.
void look_at_postgres_server(const PostgresReport& postgres, Notes& notes);
/// Whether what is committed is kept.
void look_at_durability(const PostgresReport& postgres, Notes& notes);
/// Settings that end sessions, transactions and statements.
void look_at_timeouts(const PostgresReport& postgres, Notes& notes);
/// Whether there is room for the connections of all workers.
void look_at_connections(const PostgresReport& postgres, const Surroundings& surroundings, Notes& notes);
/// A pooler in between.
void look_at_pooler(const PostgresReport& postgres, Notes& notes);
/// The version of the tables.
void look_at_schema(const PostgresReport& postgres, Notes& notes);
/// What its role may do.
void look_at_postgres_rights(const PostgresReport& postgres, Notes& notes);
/// What keeps dead rows from being cleared, and how many there are.
void look_at_vacuum(const PostgresReport& postgres, Notes& notes);

// --- All of them.

/// A clock that is `ahead` of the one of this machine, which may be wrong by `within`.
void look_at_clock(std::optional<std::chrono::milliseconds> ahead, std::chrono::milliseconds within,
                   Notes& notes);
/// The disk that a server keeps its data on, where it is one of this machine.
void look_at_disk(const std::optional<DiskReport>& disk, Notes& notes);
/// This machine.
void look_at_machine(const MachineReport& machine, Notes& notes);

}  // namespace aftercommit::operate
