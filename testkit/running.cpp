/// The calls that run jobs.
#include <algorithm>
#include <iterator>
#include <utility>

#include "aftercommit/error.hpp"
#include "aftercommit/testing_running.hpp"
#include "broker/envelope/envelope.hpp"
#include "client/app/app_core.hpp"
#include "testkit/kit.hpp"

namespace aftercommit::testing {

using std::chrono::milliseconds;

std::vector<JobRun> drain(App& app, const DrainOptions& options) { return Kit::of(app).drain(options); }

std::vector<JobRun> advance(App& app, ManualClock& clock, milliseconds by, const DrainOptions& options) {
  if (app.options().clock != &clock) {
    throw UsageError{"cannot let time pass for app '" + app.name() +
                     "': this clock is not its own; configure it with {.clock = &clock}"};
  }
  if (by < milliseconds{0})
    throw UsageError{"cannot let time pass backwards: move the clock itself for that"};
  auto& kit = Kit::of(app);
  std::vector<JobRun> runs;
  const auto run = [&] {
    auto more = kit.drain(options);
    std::ranges::move(more, std::back_inserter(runs));
    if (runs.size() <= options.at_most) return;
    throw Error{"the jobs of app '" + app.name() + "' do not end: " + std::to_string(runs.size()) +
                " have run, the last one was " + runs.back().text()};
  };
  const auto end = clock.now() + by;
  run();
  for (auto next = kit.next_due(); next && *next <= end; next = kit.next_due()) {
    // A millisecond at least, so that it gets there.
    clock.advance(std::max(std::chrono::ceil<milliseconds>(*next - clock.now()), milliseconds{1}));
    run();
  }
  if (clock.now() < end) clock.advance(std::chrono::ceil<milliseconds>(end - clock.now()));
  return runs;
}

namespace detail {

JobRun run_task(const aftercommit::detail::TaskEntry& task, const RunOptions& options, nlohmann::json args) {
  if (!task.bind) {
    throw UsageError{"cannot run task '" + task.name +
                     "': it has no body in this program; link what calls its run()"};
  }
  auto& kit = Kit::of(task.app);
  kit.check_free("run task '" + task.name + "'");
  const Kit::Busy busy{kit};
  const auto now = std::chrono::time_point_cast<milliseconds>(task.app.core().clock().now());
  const Envelope job{.id = JobId::generate(),
                     .task = task.name,
                     .args = std::move(args),
                     .queue = options.queue.value_or(task.options.queue),
                     .enqueued_at = now,
                     .attempt = options.attempt,
                     .max_retries = options.max_retries,
                     .tick_at = options.tick,
                     .database = options.database.value_or(std::string{}),
                     .headers = options.headers};
  auto& runner = kit.runner();
  return runner.run({.queue = job.queue, .entry = "0-0", .payload = encode(job)}, runner.running()).run;
}

}  // namespace detail
}  // namespace aftercommit::testing
