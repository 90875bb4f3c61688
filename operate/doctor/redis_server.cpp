/// Whether the Redis is one that jobs can be in.
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

constexpr std::int64_t kOldestRedis = 7;

/// 7 of "7.0.15".
std::int64_t major_of(std::string_view version) {
  return whole_number(version.substr(0, version.find('.'))).value_or(0);
}

}  // namespace

void look_at_redis_server(const ServerReport& redis, Notes& notes) {
  const std::string version{redis.of_state("redis_version")};
  if (version.empty()) {
    notes.not_told("version", "the user may not call INFO",
                   "Let it tell: ACL SETUSER " + (redis.user.empty() ? "<user>" : redis.user) + " +info.");
    return;
  }
  notes.fact("version", version);
  if (major_of(version) < kOldestRedis) {
    notes.found(Severity::kDanger, "version", version,
                "It lacks what the scripts need: programs refuse to start.", "Upgrade it to 7.0 or newer.");
  }
  if (redis.of_state("redis_mode") == "cluster") {
    if (!redis.as_cluster) {
      notes.found(Severity::kDanger, "cluster-enabled", "yes",
                  "It is a node of a cluster, and the URL that of a single server: programs refuse it.",
                  "Write redis+cluster://host:port,host:port/ with some of its nodes.");
    }
    if (redis.of_settings("cluster-require-full-coverage") == "yes") {
      notes.found(
          Severity::kWarning, "cluster-require-full-coverage", "yes",
          "While one slot has no master, as during each failover, all masters refuse, and all shards wait.",
          "CONFIG SET cluster-require-full-coverage no, on each node.");
    }
  }
  if (redis.of_state("role") == "slave") {
    notes.found(Severity::kDanger, "role", "replica",
                "It takes no writes, so no job gets in or out; where it is writable, its primary overwrites "
                "what workers have said.",
                "Lead REDIS_URL to the primary.");
  }
  if (redis.of_state("loading") == "1") {
    notes.found(Severity::kWarning, "loading", "yes", "It still reads its data and answers nothing else.",
                "Wait until it is done.");
  }
}

}  // namespace aftercommit::operate
