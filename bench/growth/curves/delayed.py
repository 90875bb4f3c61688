"""Jobs in Redis that are due much later."""

import servers
from charts import Chart
from curves.waiting import BYTES, LEAST
from programs import figure

WORDS = "beside so many jobs that are due in an hour"
RATE = Chart("delayed", "Where so many jobs wait for an hour", "delayed jobs", "jobs/s",
             note="due: 20,000 others that fall due at the same instant, from the first start to the last")
CHARTS = (RATE, BYTES)
DUE = 20_000
HOUR = 3600


def measure(plan, add):
    for size in plan.sizes:
        servers.empty()
        filled = figure("growth_fill", size, countdown=HOUR)
        if size >= LEAST:
            add(BYTES, "delayed", size, filled["bytes"])
        enqueued = figure("growth_enqueue", plan.enqueue_jobs, countdown=HOUR)
        add(RATE, "enqueue, one at a time", size, enqueued["rate"])
        add(RATE, "due, promoted and run", size, figure("growth_due", min(DUE, plan.drain_jobs))["rate"])
