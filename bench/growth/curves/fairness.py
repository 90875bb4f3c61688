"""How many jobs a worker may fetch ahead: what it costs those that wait behind slow ones."""

import servers
from charts import Chart
from curves.prefetch import PREFETCH
from programs import figure

WORDS = "with --prefetch of so many: what a quick job waits where one in 100 takes a second"
WAIT = Chart("fairness", "Wait of quick jobs where one in 100 takes a second", "--prefetch", "ms",
             axis="each", log_values=True, decimals=2,
             note="4 workers, each with so many executors, at a steady rate; longest: of the time in which some "
                  "worker had an idle executor")
OVER = Chart("fairness_over", "Quick jobs that waited over 10 ms, of 10,000", "--prefetch", "jobs", axis="each",
             decimals=1)
CHARTS = (WAIT, OVER)
WORKERS = 4
BUSY = 0.5  # of all executors, by slow jobs
STEADY = 100  # jobs a second: a load so light that hardly anything is fetched ahead
DEFAULT = PREFETCH[-1]


def measure(plan, add):
    for concurrency in (8, 2):
        busy_rate = int(WORKERS * concurrency * BUSY * 100)  # one job in 100 takes a second
        for rate, prefetches in ((busy_rate, PREFETCH), (STEADY, (DEFAULT,))):
            for prefetch in prefetches:
                servers.empty()
                jobs = rate * plan.fairness_seconds
                found = figure("growth_fairness", jobs, per_second=rate, daemons=WORKERS,
                               concurrency=concurrency, prefetch=prefetch)
                of = f"{concurrency} executors, {rate:,} jobs/s"
                add(WAIT, f"p99, {of}", prefetch, found["p99_ms"])
                add(WAIT, f"longest, {of}", prefetch, found["beside_idle_max_ms"])
                add(OVER, of, prefetch, found["over_10_ms"] / jobs * 10_000)
