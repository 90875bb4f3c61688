/// The payload, made by the encoder of the library itself.
#include <chrono>

#include "bench/limits/limits.hpp"
#include "broker/envelope/envelope.hpp"

namespace aftercommit::bench {

std::string payload(bool durable) {
  Envelope envelope{.id = JobId::generate()};
  envelope.task = durable ? "insert" : "noop";  // as those of bench/system/tasks
  envelope.args = {100'000, "welcome"};
  envelope.queue = "default";
  envelope.enqueued_at = std::chrono::system_clock::now();
  envelope.durable = durable;
  return encode(envelope);
}

}  // namespace aftercommit::bench
