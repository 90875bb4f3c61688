"""Ready jobs in Redis."""

import servers
from charts import Chart
from programs import figure

WORDS = "beside so many ready jobs in Redis"
RATE = Chart("waiting", "Where so many jobs are ready", "ready jobs", "jobs/s",
             note="drain: one worker, over the first 50,000 of them at most")
BYTES = Chart("memory", "Redis' memory for each job", "jobs", "bytes", decimals=1,
              note="grows where Redis doubles a hash table")
CHARTS = (RATE, BYTES)
LEAST = 10_000  # a worker drains fewer in too short a time to tell, and buffers take more memory


def measure(plan, add):
    for size in plan.sizes:
        servers.empty()
        filled = figure("growth_fill", size)
        add(RATE, "enqueue, one at a time", size, figure("growth_enqueue", plan.enqueue_jobs)["rate"])
        if size >= LEAST:
            add(BYTES, "ready", size, filled["bytes"])
            add(RATE, "drain", size, figure("growth_drain", min(size, plan.drain_jobs))["rate"])
