/// What the user of Redis may do.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {

void look_at_redis_rights(const ServerReport& redis, Notes& notes) {
  if (!redis.user.empty()) notes.fact("user", redis.user);
  if (!redis.denied.empty()) {
    std::string commands;
    for (const auto& command : redis.denied) commands.append(commands.empty() ? "" : ", ").append(command);
    notes.found(Severity::kDanger, "ACL of user " + (redis.user.empty() ? "?" : redis.user), commands,
                "The user may not call these on the keys of this prefix, and a worker cannot do without; a "
                "program that only asks for jobs needs fewer.",
                "Give it the rights of docs/guide/deployment.md (Security), and let doctor connect as the "
                "worker does.");
  }
  if (redis.settings_denied) {
    notes.found(Severity::kNote, "CONFIG GET", "denied",
                "Settings that INFO does not tell were not looked at: appendfsync, timeout and the like.",
                "Run doctor once as a user that may call CONFIG GET.");
  }
}

}  // namespace aftercommit::operate
