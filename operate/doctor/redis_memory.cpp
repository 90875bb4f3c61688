/// What becomes of jobs when Redis is full.
#include "operate/doctor/number.hpp"
#include "operate/doctor/subjects.hpp"

namespace aftercommit::operate {
namespace {

constexpr double kNearlyFull = 0.9;
constexpr double kMuchOfTheMachine = 0.75;

double bytes(const ServerReport& redis, std::string_view name) {
  return static_cast<double>(whole_number(redis.of_state(name)).value_or(0));
}

void look_at_eviction(const ServerReport& redis, Notes& notes) {
  auto policy = redis.of_state("maxmemory_policy");
  if (policy.empty()) policy = redis.of_settings("maxmemory-policy");
  if (policy.empty()) {
    notes.not_told("maxmemory-policy", "the user may call neither INFO nor CONFIG GET",
                   "Make sure that it is noeviction.");
    return;
  }
  notes.fact("maxmemory-policy", std::string{policy});
  const auto evicted = whole_number(redis.of_state("evicted_keys")).value_or(0);
  if (policy != "noeviction") {
    notes.found(Severity::kDanger, "maxmemory-policy", std::string{policy},
                "A full Redis deletes jobs, unnoticed: those that are not durable are lost, durable ones lie "
                "until a relay is told to start anew.",
                "CONFIG SET maxmemory-policy noeviction, and the same in redis.conf.");
  }
  if (evicted > 0) {
    notes.found(Severity::kDanger, "evicted_keys", std::to_string(evicted),
                "Redis has deleted keys since its start because it was full; jobs may be among them.",
                "Run aftercommit audit, and give it more memory.");
  }
}

}  // namespace

void look_at_redis_memory(const ServerReport& redis, Notes& notes) {
  look_at_eviction(redis, notes);
  const double used = bytes(redis, "used_memory");
  const double most = bytes(redis, "maxmemory");
  const double machine = bytes(redis, "total_system_memory");
  if (used <= 0) return;
  notes.fact("used_memory", in_bytes(used));
  notes.fact("maxmemory", most > 0 ? in_bytes(most) : "none");
  if (most > 0 && used > most * kNearlyFull) {
    notes.found(
        Severity::kWarning, "used_memory", in_bytes(used) + " of " + in_bytes(most),
        "Redis is nearly full: it then refuses new jobs; durable ones wait in the database, asking for "
        "others is an error.",
        "Raise maxmemory, or see what fills it: aftercommit stats, redis-cli --bigkeys.");
  }
  if (most <= 0 && machine > 0 && used > machine * kMuchOfTheMachine) {
    notes.found(Severity::kWarning, "used_memory", in_bytes(used) + " of " + in_bytes(machine),
                "Redis takes most of the memory of its machine and has no bound: the kernel may kill it.",
                "Set maxmemory to two thirds of the machine's memory.");
  } else if (most <= 0) {
    notes.found(Severity::kNote, "maxmemory", "none",
                "Without a bound Redis grows until the kernel kills it, instead of refusing new jobs.",
                "Set maxmemory to two thirds of the machine's memory.");
  }
}

}  // namespace aftercommit::operate
