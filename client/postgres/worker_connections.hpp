/// How many connections to each database a process of a worker takes: for who makes its pools, and for who
/// reckons whether the server has room for them.  docs/guide/deployment.md and sizing.md tell people the
/// same.
#pragma once

#include <cstddef>

namespace aftercommit::detail {

/// Of its pool, besides one for each job that it runs: for hooks, presence, the purger, who ends the sessions
/// of dead workers, the fetcher, who looks for pauses, the ticker, the writer of progress, what was
/// cancelled, the usher, who asks for the figures of --metrics, the relay, and who looks whose the queues
/// are.
inline constexpr std::size_t kWorkerPoolBesideJobs = 13;

/// The same for each shard of the broker beyond the first: for its relay, its fetcher, and who ends the
/// sessions of workers that are dead there.
inline constexpr std::size_t kWorkerPoolOfShard = 3;

/// Beyond its pool: the relay's, to listen (job_listener.hpp); and three that come and go, of who asks
/// whether a database serves (worker/gate/database_watch.hpp), of who asks whether its server lets anybody in
/// while a statement is long without an answer (frozen_watch.hpp), and of who takes jobs from their table
/// while there is no Redis, or none that answers (job_picker.hpp).
inline constexpr std::size_t kWorkerBeyondPool = 4;

/// All of them.
inline constexpr std::size_t kWorkerConnectionsBesideJobs = kWorkerPoolBesideJobs + kWorkerBeyondPool;

}  // namespace aftercommit::detail
