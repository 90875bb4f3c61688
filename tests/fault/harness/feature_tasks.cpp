/// The bodies: part of the library that the workers of the chaos load.
#include "fault/harness/feature_tasks.hpp"

#include <unistd.h>

#include "fault/harness/effects.hpp"

namespace aftercommit::fault {
namespace {

using namespace std::chrono_literals;

/// When a body ran, by the clock of the database, as a row of `span`: of those that commit.
class Span {
 public:
  Span(Job& job, const char* kind, const std::string& key)
      : job_{job},
        kind_{kind},
        key_{key},
        begun_{job.transaction().exec("SELECT clock_timestamp()")[0][0].as<std::string>()} {}

  void end() {
    job_.transaction().exec(
        "INSERT INTO span(job_id, kind, key, pid, begun) VALUES ($1, $2, $3, $4, $5::timestamptz)",
        job_.id().str(), kind_, key_, ::getpid(), begun_);
  }

 private:
  Job& job_;
  const char* const kind_;
  const std::string& key_;
  const std::string begun_;
};

void run_for(Job& job, long slot, std::chrono::milliseconds length, const char* kind,
             const std::string& key) {
  note_run(job);
  Span span{job, kind, key};
  job.transaction().exec("SELECT pg_sleep($1::float8 / 1000)", length.count());
  take_effect(job, slot);
  span.end();
}

}  // namespace

std::array<Periodic, 2> declare_periodic(const FeatureTasks& tasks) {
  return {tasks.app.periodic(kEachSecond, every(1s), {.missed = Missed::kAll, .at_most = 1000}, tasks.tick,
                             std::string{kEachSecond}),
          tasks.app.periodic(kLatestSecond, every(1s), tasks.tick, std::string{kLatestSecond})};
}

void define_bodies(const FeatureTasks& tasks) {
  tasks.returning.run([](Job& job, long slot) {
    note_run(job);
    return take_effect(job, slot);
  });
  tasks.returning_fails.run([](Job& job, long slot) -> long {
    note_run(job);
    take_effect(job, slot);
    throw Deliberate{job.attempt()};
  });
  tasks.unique.run(
      [](Job& job, long slot, const std::string& key) { run_for(job, slot, 40ms, kSpanOfUnique, key); });
  tasks.one_a_key.run(
      [](Job& job, long slot, const std::string& key) { run_for(job, slot, 20ms, kSpanOfLimit, key); });
  tasks.paced.run([](Job& job, long slot) { run_for(job, slot, 0ms, kSpanOfRate, {}); });
  tasks.tick.run([](Job& job, const std::string& name) {
    note_run(job);
    const auto tick = job.tick();
    if (!tick) throw Reject{"the job of a periodic task has no tick"};
    job.transaction().exec(
        "INSERT INTO ticked(job_id, name, tick_s) VALUES ($1, $2, $3)", job.id().str(), name,
        std::chrono::duration_cast<std::chrono::seconds>(tick->time_since_epoch()).count());
    take_effect(job, 0);
  });
}

}  // namespace aftercommit::fault
