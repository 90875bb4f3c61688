/// A job to JSON and back.
#include "broker/envelope/envelope.hpp"

#include <benchmark/benchmark.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <variant>

#include "aftercommit/delivery.hpp"

namespace aftercommit {
namespace {

/// Two small arguments, the second one `text_bytes` long.
Envelope job(std::size_t text_bytes) {
  Envelope envelope{.id = JobId::generate()};
  envelope.task = "send_welcome_mail";
  envelope.args = {42, std::string(text_bytes, 'a')};
  envelope.queue = "default";
  envelope.enqueued_at = std::chrono::system_clock::now();
  return envelope;
}

void count_bytes(benchmark::State& state, std::size_t each) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(each));
}

void EnvelopeToJson(benchmark::State& state) {
  const auto envelope = job(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(encode(envelope));
  count_bytes(state, encode(envelope).size());
}
BENCHMARK(EnvelopeToJson)->ArgName("text_bytes")->Arg(7)->Arg(1024)->Arg(64 * 1024);

void EnvelopeFromJson(benchmark::State& state) {
  const auto text = encode(job(static_cast<std::size_t>(state.range(0))));
  for (auto _ : state) {
    const auto decoded = decode(text, defaults::kPayloadLimit);
    if (!std::holds_alternative<Envelope>(decoded)) return state.SkipWithError("the job did not decode");
    benchmark::DoNotOptimize(decoded);
  }
  count_bytes(state, text.size());
}
BENCHMARK(EnvelopeFromJson)->ArgName("text_bytes")->Arg(7)->Arg(1024)->Arg(64 * 1024);

}  // namespace
}  // namespace aftercommit
