/// Tells those who take jobs from job tables of new ones, where there is no broker to send them to.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "aftercommit/database.hpp"
#include "broker/contract/enqueue_target.hpp"

namespace aftercommit::detail {

/// Sends nothing but a notification, to the databases that have the rows of the jobs.  One that gets lost
/// costs until the next look of a worker.  Not thread-safe.
class JobNotifier final : public EnqueueTarget {
 public:
  /// Does not connect yet.  The databases are not owned and outlive this.
  explicit JobNotifier(std::vector<Database*> databases);
  ~JobNotifier() override;

  /// All of them durable.  Throws EnqueueFailure for the jobs of databases that were not told.
  void enqueue(std::span<const Outgoing> jobs, Millis timeout) override;

 private:
  struct Place;

  std::vector<std::string> databases_of(std::span<const Outgoing> jobs) const;

  std::vector<std::unique_ptr<Place>> places_;
};

}  // namespace aftercommit::detail
