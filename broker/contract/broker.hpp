/// Where jobs wait and who holds them: the interface every broker keeps.  Redis keys: docs/wire-format.md.
/// For who makes or keeps a broker as a whole; the others include the part that they use.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "aftercommit/clock.hpp"
#include "broker/contract/aside.hpp"
#include "broker/contract/browsing.hpp"
#include "broker/contract/enqueue_target.hpp"
#include "broker/contract/homes.hpp"
#include "broker/contract/intake.hpp"
#include "broker/contract/leases.hpp"
#include "broker/contract/pauses.hpp"
#include "broker/contract/relay_target.hpp"
#include "broker/contract/schedule.hpp"
#include "broker/contract/server_report.hpp"

namespace aftercommit {

class Broker : public EnqueueTarget,
               public Intake,
               public DelayedJobs,
               public Aside,
               public Leases,
               public Homes,
               public RelayTarget,
               public Pauses,
               public Browsing {
 public:
  /// Throws ConfigError if the server cannot serve as a broker (too old, or a cluster where the URL is of one
  /// server); returns warnings, as
  /// sentences, for settings that put jobs at risk (eviction).  Call once at start.
  virtual std::vector<std::string> check() = 0;

  /// What the server tells of itself, for an operator.  A few round trips; changes nothing.
  virtual ServerReport server_report() { return {}; }
};

/// A broker for a URL; does not connect yet.
///   redis://[user:password@]host[:port][/db][?prefix=ac]
///   rediss://...[?tls_ca=FILE][&tls_cert=FILE&tls_key=FILE][&tls_server_name=NAME]: the same by TLS
///   redis+sentinel://host[:26379],host/name[/db]: the master that sentinels call so; rediss+sentinel:// by
///   TLS redis+cluster://host[:6379],host/[?shards=6]: so many shards in a cluster of which these are some
///   nodes;
///     rediss+cluster:// by TLS.  ?only=N is one shard of it alone, counted from 0
///   redis+unix:///path/to/socket[?db=0&prefix=ac]   (unix:// is the same)
///   memory://name: within this process, shared by name, for tests
///   none: there is no Redis, see no_redis.hpp
/// Several of them with white space between: a shard each, see shards.hpp.  ?shard=NAME names one.
/// Those of Redis take ?password_file=FILE in place of a password; files are read at each connecting.
/// Throws ConfigError, naming what is wrong and never the password.
std::unique_ptr<Broker> make_broker(std::string_view url);

/// By which clock a broker within this process judges what is due from now on, for all who share it; null:
/// the machine's.  Not owned, outlives its use.  Of no effect for any other URL: a server has a clock of its
/// own.
void set_broker_clock(std::string_view url, const Clock* clock);

}  // namespace aftercommit
