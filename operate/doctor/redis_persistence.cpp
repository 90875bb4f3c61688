/// What becomes of jobs when Redis ends, by itself or not.
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

void look_at_writing(const ServerReport& redis, Notes& notes) {
  const bool stops = redis.of_settings("stop-writes-on-bgsave-error") != "no";
  if (redis.of_state("rdb_last_bgsave_status") == "err") {
    notes.found(stops ? Severity::kWarning : Severity::kNote, "rdb_last_bgsave_status", "err",
                stops ? "Its last snapshot could not be written, and until one can, it refuses every new job."
                      : "Its last snapshot could not be written.",
                "Look into the log of Redis: most often its disk is full, or fork() has no memory "
                "(vm.overcommit_memory = 1).");
  }
  if (redis.of_state("aof_last_write_status") == "err") {
    notes.found(Severity::kDanger, "aof_last_write_status", "err",
                "It could not write its append-only file, and refuses every new job until it can.",
                "Make room on its disk, and look into its log.");
  }
}

}  // namespace

void look_at_redis_persistence(const ServerReport& redis, const Surroundings& surroundings, Notes& notes) {
  look_at_writing(redis, notes);
  auto appendonly = std::string{redis.of_settings("appendonly")};
  if (appendonly.empty()) {
    const auto enabled = redis.of_state("aof_enabled");
    if (enabled.empty()) return;  // whoever does not tell that tells nothing: see the version
    appendonly = enabled == "1" ? "yes" : "no";
  }
  notes.fact("appendonly", appendonly);
  if (appendonly == "no") {
    notes.found(
        surroundings.has_database ? Severity::kWarning : Severity::kDanger, "appendonly", "no",
        surroundings.has_database
            ? "A restart of Redis loses the jobs that are not durable, all that have come since its "
              "last snapshot; durable ones come back from the database, later."
            : "A restart of Redis loses all jobs that have come since its last snapshot, and there is "
              "no database from which they could come back.",
        "CONFIG SET appendonly yes, and the same in redis.conf; leave appendfsync at everysec.");
    return;
  }
  const auto fsync = redis.of_settings("appendfsync");
  if (fsync.empty()) return;
  notes.fact("appendfsync", std::string{fsync});
  if (fsync == "no") {
    notes.found(Severity::kWarning, "appendfsync", "no",
                "A crash of its machine loses the last half minute of jobs that are not durable.",
                "CONFIG SET appendfsync everysec, and the same in redis.conf.");
  } else if (fsync == "always" && surroundings.has_database) {
    notes.found(Severity::kNote, "appendfsync", "always",
                "Every step of every job waits for the disk of Redis, which durable jobs need not.",
                "everysec is enough where jobs are durable.");
  }
}

}  // namespace aftercommit::operate
