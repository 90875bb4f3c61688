/// The error replies of Redis 7, each with what a person can do about it.
#include "broker/redis/wire/redis_reply.hpp"

#include <array>
#include <cstdint>

#include "aftercommit/error.hpp"

namespace aftercommit {
namespace {

enum class Sort : std::uint8_t {
  kOfCall,      ///< this call is refused, others may not be
  kOfServer,    ///< the server, or our account on it, refuses
  kPasses,      ///< this call may do in a moment
  kReconnects,  ///< this call may do over another connection
};

struct KnownError {
  std::string_view begins;
  Sort sort;
  std::string_view advice;
};

constexpr std::string_view kIsCluster =
    "it is a node of a cluster: the broker URL has to begin with redis+cluster://";

constexpr std::array kKnownErrors{
    KnownError{"LOADING ", Sort::kPasses, "it is still reading its data from disk, try again in a moment"},
    KnownError{"BUSY ", Sort::kPasses, "a script of somebody keeps it busy, try again in a moment"},
    KnownError{"TRYAGAIN ", Sort::kPasses, "its slot is on the way to another node, try again in a moment"},
    KnownError{"CLUSTERDOWN ", Sort::kReconnects,
               "some slots have no master, as in a failover, see CLUSTER INFO; try again in a moment"},
    KnownError{"ERR Script attempted to access a non local key", Sort::kPasses,
               "its slot is on the way to another node, try again in a moment"},
    KnownError{"ERR Script attempted to execute a", Sort::kReconnects,
               "its cluster is down, see CLUSTER INFO; try again in a moment"},
    KnownError{"UNBLOCKED ", Sort::kPasses, "somebody ended the wait, try again"},
    KnownError{"READONLY ", Sort::kReconnects,
               "it is a replica, the next call connects anew to find the primary"},
    KnownError{"MASTERDOWN ", Sort::kReconnects,
               "it is a replica without its primary, the next call connects anew"},
    KnownError{"ERR max number of clients", Sort::kReconnects,
               "raise its maxclients, or close idle connections"},
    KnownError{"OOM ", Sort::kOfCall, "it is full: let workers drain it, or raise its maxmemory"},
    KnownError{"MISCONF ", Sort::kOfServer, "it cannot save its data and so takes no writes: see its log"},
    KnownError{"NOREPLICAS ", Sort::kOfServer,
               "fewer replicas are connected than its min-replicas-to-write asks for"},
    KnownError{"NOAUTH ", Sort::kOfServer, "put its password into the broker URL: redis://:password@host"},
    KnownError{"WRONGPASS ", Sort::kOfServer, "correct the user name and password in the broker URL"},
    KnownError{"NOPERM ", Sort::kOfCall, "allow it to the user of the broker URL with ACL SETUSER"},
    KnownError{"WRONGTYPE ", Sort::kOfCall,
               "another program uses this key: give the broker URL a prefix of its own"},
    KnownError{"ERR DB index", Sort::kOfServer, "correct the database number in the broker URL"},
    KnownError{"MOVED ", Sort::kOfServer, kIsCluster},
    KnownError{"ASK ", Sort::kOfServer, kIsCluster},
    KnownError{"CROSSSLOT ", Sort::kOfServer, kIsCluster},
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
    refusal.reconnects = known.sort == Sort::kReconnects;
    refusal.passes = refusal.reconnects || known.sort == Sort::kPasses;
    refusal.general = known.sort != Sort::kOfCall;
    refusal.sentence.append("; ").append(known.advice);
  }
  return refusal;
}

}  // namespace aftercommit
