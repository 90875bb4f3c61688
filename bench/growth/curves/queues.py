"""Queues of one worker."""

import servers
from charts import Chart
from programs import figure

WORDS = "with so many queues"
RATE = Chart("queues", "One worker, jobs spread over so many queues", "queues", "jobs/s")
LATENCY = Chart("queues_latency", "From enqueue to start on an idle worker of so many queues", "queues", "ms",
                decimals=3)
CHARTS = (RATE, LATENCY)
QUEUES = (1, 4, 16, 64)


def measure(plan, add):
    for queues in QUEUES:
        jobs = 2 * plan.drain_jobs
        servers.empty()
        figure("growth_fill", jobs, queues=queues)
        add(RATE, "drain", queues, figure("growth_drain", jobs, queues=queues)["rate"])
        servers.empty()
        found = figure("growth_latency", plan.latency_jobs, queues=queues)
        add(LATENCY, "p50", queues, found["p50_ms"])
        add(LATENCY, "p99", queues, found["p99_ms"])
