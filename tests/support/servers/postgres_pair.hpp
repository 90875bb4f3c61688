/// A PostgreSQL and its streaming standby, which take each other's place.
#pragma once

#include <string>

#include "support/servers/private_postgres.hpp"

namespace aftercommit::support {

/// Whether a COMMIT on the primary waits for the standby.
enum class Standby { kSynchronous, kAsynchronous };

/// For one thread.
class PostgresPair {
 public:
  /// `first`, which is the primary to begin with, is not owned and outlives this.
  PostgresPair(PrivatePostgres& first, Standby standby);

  /// Both hosts, and that the one is wanted that takes writes: right whichever that is.
  std::string url() const;
  PrivatePostgres& primary() noexcept { return *primary_; }
  PrivatePostgres& standby() noexcept { return *standby_; }

  /// A standby that is promoted, whatever has become of the primary, which is the standby from then on.
  void promote();
  /// The old primary comes back as the standby of the new one, with a copy of its data; waits until it
  /// follows, so that nothing is lost if the primary dies from then on, where commits wait for it.
  void rejoin();
  /// The primary dies, the standby takes its place, and the other comes back.
  void fail_over();

 private:
  void await_standby();

  const Standby kind_;
  PrivatePostgres second_;
  PrivatePostgres* primary_;
  PrivatePostgres* standby_;
};

}  // namespace aftercommit::support
