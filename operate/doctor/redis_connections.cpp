/// The connections that Redis has, and those that it ends.
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_redis_connections(const ServerReport& redis, Notes& notes) {
  const auto idle = whole_number(redis.of_settings("timeout")).value_or(0);
  if (idle > 0) {
    notes.found(Severity::kNote, "timeout", std::to_string(idle) + " s",
                "Redis closes connections that are idle for so long; programs connect anew, which costs the "
                "next job a moment.",
                "CONFIG SET timeout 0: tcp-keepalive finds dead peers.");
  }
  if (redis.of_settings("tcp-keepalive") == "0") {
    notes.found(Severity::kNote, "tcp-keepalive", "0",
                "Redis never notices that a machine is gone, and keeps its connections.",
                "CONFIG SET tcp-keepalive 300.");
  }
  const auto replicas = whole_number(redis.of_settings("min-replicas-to-write")).value_or(0);
  const auto connected = whole_number(redis.of_state("connected_slaves")).value_or(0);
  if (replicas > connected) {
    notes.found(Severity::kDanger, "min-replicas-to-write", std::to_string(replicas),
                "Only " + std::to_string(connected) + " are connected, so Redis refuses every new job.",
                "Bring the replicas back, or lower it.");
  }
  const auto clients = whole_number(redis.of_state("connected_clients"));
  auto most = whole_number(redis.of_settings("maxclients"));
  if (!most) most = whole_number(redis.of_state("maxclients"));
  if (!clients || !most) return;
  notes.fact("connected_clients", std::to_string(*clients) + " of " + std::to_string(*most));
  if (*clients * 10 > *most * 8) {
    notes.found(Severity::kWarning, "maxclients", std::to_string(*clients) + " of " + std::to_string(*most),
                "Nearly all connections are taken; the next programs are refused.",
                "Raise maxclients, and the limit of open files of Redis with it.");
  }
}

}  // namespace aftercommit::operate
