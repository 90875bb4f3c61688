/// The body: part of the library that the workers of the chaos load.
#include "fault/harness/journey_tasks.hpp"

#include <unistd.h>

#include <numeric>
#include <optional>
#include <string>

#include "fault/harness/effects.hpp"
#include "fault/harness/journey_asked.hpp"

namespace aftercommit::fault {
namespace {

using Kind = Stop::Kind;

void note_child(Transaction& tx, const JobId& flow, const JobId& job, const std::string& task) {
  tx.exec("INSERT INTO journey_child(job_id, task, flow) VALUES ($1, $2, $3)", job, task, flow);
}

/// One flow, on its way.
class Traveller {
 public:
  Traveller(FlowContext& flow, const JourneyTasks& journeys, const Journey& journey)
      : flow_{flow}, tasks_{journeys}, journey_{journey} {}

  void fill(FlowChildren& children, long place, const Stop& stop) const {
    for (long n = 0; n < stop.children; ++n) {
      note_child(children.transaction(), flow_.id(),
                 children.add(tasks_.usual.answer, child_slot(journey_, place, n)), "answer");
    }
  }

  void fill_with_flows(FlowChildren& children, long place) const {
    for (long n = 0; n < kInnerFlows; ++n) {
      const auto inner = inner_journey(journey_, place, n);
      const auto id = children.add(tasks_.journey, inner.seed, inner.count, inner.inner);
      note_child(children.transaction(), flow_.id(), id, kJourney);
      note_asked(children.transaction(), id.str(), inner);
    }
  }

  /// Its last step has an effect, as a task has.
  void do_step(Transaction& tx, long place, const Stop& stop, long value) const {
    const auto& job = flow_.job();
    tx.exec(
        "INSERT INTO journey_effect(flow, place, kind, value, attempt, pid) VALUES ($1, $2, $3, $4, $5, $6)",
        flow_.id(), place, to_string(stop.kind), value, job.attempt(), ::getpid());
    if (stop.kind == Kind::kNothing) tx.exec("SELECT pg_sleep($1::float8 / 1000)", stop.length.count());
    if (stop.kind == Kind::kAsks) {
      note_child(tx, flow_.id(), tasks_.usual.ok.delay(child_slot(journey_, place, 0)), "ok");
    }
    if (place + 1 == journey_.count) take_effect(tx, job, journey_.seed % kSlots);
    if (stop.kind == Kind::kFails && job.attempt() == 1) throw Deliberate{1};
  }

 private:
  FlowContext& flow_;
  const JourneyTasks& tasks_;
  const Journey journey_;
};

Flow travel(FlowContext& flow, const JourneyTasks& journeys, Journey journey) {
  note_run(flow.job());
  const Traveller traveller{flow, journeys, journey};
  const auto plan = plan_of(journey);
  for (long place = 0; place < journey.count; ++place) {
    const auto& stop = plan[static_cast<std::size_t>(place)];
    const auto turn = " " + std::to_string(place);
    long value = 0;
    if (stop.kind == Kind::kCall) {
      value = co_await flow.external(
          "call" + turn, [] { return kCallAnswer; }, [] { return std::optional<long>{}; });
    } else if (stop.kind == Kind::kSleep) {
      co_await flow.sleep("sleep" + turn, stop.length);
    } else if (stop.kind == Kind::kEvent) {
      value = co_await flow.event<long>(event_at(place));
    } else if (stop.kind == Kind::kTimed) {
      const auto given = co_await flow.event<long>(event_at(place), stop.length);
      value = given.value_or(kNotInTime);
    } else if (stop.kind == Kind::kChildren) {
      const auto answers = co_await flow.all<long>(
          "children" + turn, [&](FlowChildren& children) { traveller.fill(children, place, stop); });
      value = std::accumulate(answers.begin(), answers.end(), 0L);
    } else if (stop.kind == Kind::kInner) {
      co_await flow.all("flows" + turn,
                        [&](FlowChildren& children) { traveller.fill_with_flows(children, place); });
    }
    co_await flow.step("step" + turn, [&](Transaction& tx) { traveller.do_step(tx, place, stop, value); });
  }
}

}  // namespace

void define_bodies(const JourneyTasks& journeys) {
  journeys.journey.run([&journeys](FlowContext& flow, long seed, long count, bool inner) {
    return travel(flow, journeys, {.seed = seed, .count = count, .inner = inner});
  });
}

}  // namespace aftercommit::fault
