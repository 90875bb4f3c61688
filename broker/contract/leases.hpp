/// Leases: a worker is taken for dead when others have not seen it renew its lease for as long as it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "broker/contract/broker_part.hpp"
#include "broker/contract/names.hpp"

namespace aftercommit {

/// What renewing a lease found.
enum class Lease : std::uint8_t {
  kHeld,    ///< it had not ended
  kLapsed,  ///< it had ended: others may have taken over the jobs of this worker
  kNew,     ///< the broker knew nothing of this worker: its first lease, or the broker has lost its data
};

/// The lease of a worker in a queue, as somebody else sees it.
struct LeaseView {
  Queue queue;
  WorkerId worker;
  std::string mark;  ///< another one after each renewal
  Millis left{0};    ///< until it ends, by the broker's clock; zero or less: it has
};

/// For whoever holds jobs, and whoever takes them over.
class Leases : public BrokerPart {
 public:
  /// Holds the jobs of `worker` in these queues for `lease` from now on.  Answers for each queue.
  virtual std::vector<Lease> renew_lease(const WorkerId& worker, std::span<const Queue> queues,
                                         Millis lease) = 0;

  /// What a worker says of itself, for an operator to see: WorkerView::report.  In its first queue alone, and
  /// forgotten after this time.
  virtual void report(const WorkerId& worker, const Queue& queue, const std::string& text, Millis time) = 0;

  /// The leases of all workers that hold jobs, or only a name, in these queues, ended ones as well.  One that
  /// the broker knows no lease of gets one of `lease` from now on: after a loss of data it must have time to
  /// renew its own.
  virtual std::vector<LeaseView> leases(std::span<const Queue> queues, Millis lease) = 0;

  /// Puts up to `limit` jobs of `worker` in each queue back among the ready ones, as they are, last; once it
  /// holds none in a queue its name and lease there are forgotten.  Only where its lease still has this mark;
  /// with an empty one whatever its lease, since the worker is known to be dead.  Answers how many it put
  /// back; fewer than `limit` for each queue: that was all.
  virtual std::size_t recover(const WorkerId& worker, std::span<const Queue> queues, std::size_t limit,
                              const std::string& mark) = 0;

  /// The end of a worker that has settled all: forgets its name and leases, except where it still holds jobs.
  virtual void retire(const WorkerId& worker, std::span<const Queue> queues) = 0;
};

}  // namespace aftercommit
