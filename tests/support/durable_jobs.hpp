/// Durable jobs as they are when their transaction has just been committed.
#pragma once

#include <chrono>
#include <string>
#include <utility>

#include "client/durable_push.hpp"

namespace aftercommit::support {

inline detail::PendingJob committed_job(std::string payload, Queue queue = "mail") {
  const auto id = JobId::generate();
  return {id,
          {.queue = std::move(queue), .payload = std::move(payload), .durable = id},
          std::chrono::steady_clock::now()};
}

}  // namespace aftercommit::support
