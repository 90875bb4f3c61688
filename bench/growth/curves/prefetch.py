"""How many jobs a worker may fetch ahead: what it brings."""

import servers
from charts import Chart
from programs import figure

WORDS = "with --prefetch of so many: the rate"
RATE = Chart("prefetch", "One worker that fetches so many ahead at most", "--prefetch", "jobs/s", axis="each")
CHARTS = (RATE,)
PREFETCH = (0, 10, 50, 200)


def measure(plan, add):
    for prefetch in PREFETCH:
        jobs = 2 * plan.drain_jobs
        servers.empty()
        figure("growth_fill", jobs)
        add(RATE, "jobs that do nothing", prefetch, figure("growth_drain", jobs, prefetch=prefetch)["rate"])
        servers.empty()
        run = figure("growth_insert", plan.insert_jobs, prefetch=prefetch, concurrency=16)
        add(RATE, "one INSERT each, over 16 connections", prefetch, run["rate"])
