/// A job that was fetched and did not run goes back as it came.
#pragma once

#include <utility>

#include "broker/contract/intake.hpp"

namespace aftercommit::worker {

inline Settlement give_back(Fetched job) {
  return {.kind = Settlement::Kind::kRelease,
          .queue = std::move(job.queue),
          .entry = std::move(job.entry),
          .payload = std::move(job.payload)};
}

}  // namespace aftercommit::worker
