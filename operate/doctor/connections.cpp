/// Room for the connections of all workers.
#include <algorithm>

#include "client/postgres/worker_connections.hpp"
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_connections(const PostgresReport& postgres, const Surroundings& surroundings, Notes& notes) {
  const auto most = whole_number(postgres.setting("max_connections"));
  if (!most) return;
  const auto reserved = whole_number(postgres.setting("superuser_reserved_connections")).value_or(0) +
                        whole_number(postgres.setting("reserved_connections")).value_or(0);
  const auto room = std::max<std::int64_t>(*most - reserved, 0);
  const auto clients = postgres.sessions ? postgres.sessions->clients : 0;
  const auto workers = postgres.sessions ? postgres.sessions->workers : 0;
  if (postgres.sessions) {
    notes.fact("connections", std::to_string(clients) + " of " + std::to_string(room) + ", " +
                                  std::to_string(workers) + " of them of workers");
  }
  if (postgres.is_pooled) return;  // the pooler has them
  if (clients * 10 > room * 9) {
    notes.found(Severity::kWarning, "max_connections",
                std::to_string(clients) + " of " + std::to_string(room) + " taken",
                "Nearly all connections are taken; the next program is refused.",
                "Raise max_connections, make pools smaller (pool_size), or put pgbouncer in between.");
  }
  const auto processes = surroundings.processes;
  const auto need = static_cast<std::int64_t>(
      surroundings.threads + processes * (detail::kWorkerConnectionsBesideJobs +
                                          (surroundings.shards - 1) * detail::kWorkerPoolOfShard));
  const auto others = std::max<std::int64_t>(clients - workers, 0);
  if (processes == 0 || need + others <= room) return;
  notes.found(Severity::kWarning, "max_connections", std::to_string(room) + " for all roles",
              std::to_string(processes) + " worker processes with " + std::to_string(surroundings.threads) +
                  " threads may take " + std::to_string(need) + ", and others have " +
                  std::to_string(others) +
                  " now: jobs are put off when there is none "
                  "left.",
              "Raise max_connections to " + std::to_string(need + others + reserved + 10) +
                  " or more, or run fewer threads; tell doctor --processes and --concurrency where they are "
                  "others.");
}

}  // namespace aftercommit::operate
