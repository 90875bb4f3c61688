/// The error replies of Redis 7, each with what a person can do about it.
#include "broker/redis_reply.hpp"

#include <array>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

struct KnownError {
  std::string_view begins;
  bool passes;
  bool reconnects;
  std::string_view advice;
};

constexpr std::array kKnownErrors{
    KnownError{"LOADING ", true, false, "it is still reading its data from disk, try again in a moment"},
    KnownError{"BUSY ", true, false, "a script of somebody keeps it busy, try again in a moment"},
    KnownError{"TRYAGAIN ", true, false, "try again in a moment"},
    KnownError{"CLUSTERDOWN ", true, false, "use a Redis that is not a cluster"},
    KnownError{"UNBLOCKED ", true, false, "somebody ended the wait, try again"},
    KnownError{"READONLY ", true, true, "it is a replica, the next call connects anew to find the primary"},
    KnownError{"MASTERDOWN ", true, true, "it is a replica without its primary, the next call connects anew"},
    KnownError{"ERR max number of clients", true, true, "raise its maxclients, or close idle connections"},
    KnownError{"OOM ", false, false, "it is full: let workers drain it, or raise its maxmemory"},
    KnownError{"MISCONF ", false, false, "it cannot save its data and so takes no writes: see its log"},
    KnownError{"NOREPLICAS ", false, false,
               "fewer replicas are connected than its min-replicas-to-write asks for"},
    KnownError{"NOAUTH ", false, false, "put its password into the broker URL: redis://:password@host"},
    KnownError{"WRONGPASS ", false, false, "correct the user name and password in the broker URL"},
    KnownError{"NOPERM ", false, false, "allow it to the user of the broker URL with ACL SETUSER"},
    KnownError{"WRONGTYPE ", false, false,
               "another program uses this key: give the broker URL a prefix of its own"},
    KnownError{"ERR DB index", false, false, "correct the database number in the broker URL"},
    KnownError{"MOVED ", false, false, "it is a cluster, which is not supported"},
};

}  // namespace

void RedisRefusal::raise() const {
  if (passes) throw BrokerUnavailable{sentence};
  throw BrokerRefused{sentence};
}

RedisRefusal understand(const redisReply& error, std::string_view what, std::string_view server) {
  RedisRefusal refusal;
  refusal.sentence.append("Redis at ").append(server).append(" refused ").append(what).append(": ");
  refusal.sentence += text(error);
  for (const auto& known : kKnownErrors) {
    if (!text(error).starts_with(known.begins)) continue;
    refusal.passes = known.passes;
    refusal.reconnects = known.reconnects;
    refusal.sentence.append("; ").append(known.advice);
  }
  return refusal;
}

}  // namespace aftercommit
