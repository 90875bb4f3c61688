/// What an atomic block with a hook costs beside the same transaction by libpqxx alone.  Needs DATABASE_URL.
#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstdlib>
#include <exception>
#include <pqxx/pqxx>

#include "aftercommit/database.hpp"

namespace aftercommit {
namespace {

/// The database's URL; where there is none, or none that answers, the benchmark says so.
template <class Run>
void with_database(benchmark::State& state, Run run) {
  const char* const url = std::getenv("DATABASE_URL");
  if (url == nullptr) return state.SkipWithError("DATABASE_URL is not set");
  try {
    run(url);
  } catch (const std::exception& error) {
    state.SkipWithError(error.what());
  }
}

void AtomicWithOnCommit(benchmark::State& state) {
  with_database(state, [&](const char* url) {
    Database database{{.url = url}};
    std::int64_t commits = 0;
    for (auto _ : state) {
      database.atomic([&](Transaction& tx) {
        benchmark::DoNotOptimize(tx.exec("SELECT 1"));
        tx.on_commit([&commits] { ++commits; });
      });
    }
    if (commits != state.iterations()) state.SkipWithError("not every hook has run");
  });
}
BENCHMARK(AtomicWithOnCommit)->UseRealTime();

void PqxxWork(benchmark::State& state) {
  with_database(state, [&](const char* url) {
    pqxx::connection connection{url};
    for (auto _ : state) {
      pqxx::work work{connection};
      benchmark::DoNotOptimize(work.exec("SELECT 1"));
      work.commit();
    }
  });
}
BENCHMARK(PqxxWork)->UseRealTime();

}  // namespace
}  // namespace aftercommit
