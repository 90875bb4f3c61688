/// Making, writing and reading the ids of jobs.
#include "aftercommit/job_id.hpp"

#include <benchmark/benchmark.h>

namespace aftercommit {
namespace {

void JobIdGenerate(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(JobId::generate());
}
BENCHMARK(JobIdGenerate)->ThreadRange(1, 2);

void JobIdToText(benchmark::State& state) {
  const auto id = JobId::generate();
  for (auto _ : state) benchmark::DoNotOptimize(id.str());
}
BENCHMARK(JobIdToText);

void JobIdFromText(benchmark::State& state) {
  const auto text = JobId::generate().str();
  for (auto _ : state) benchmark::DoNotOptimize(JobId::parse(text));
}
BENCHMARK(JobIdFromText);

}  // namespace
}  // namespace aftercommit
