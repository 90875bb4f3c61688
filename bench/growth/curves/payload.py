"""Large arguments."""

import servers
from charts import Chart
from programs import figure

WORDS = "with payloads of so many bytes"
JOBS = Chart("payload", "Jobs with an argument of so many bytes", "bytes", "jobs/s", log_values=True)
BYTES = Chart("payload_bytes", "Bytes of such arguments", "bytes", "MB/s", decimals=1)
CHARTS = (JOBS, BYTES)
SIZES = (100, 1024, 10 * 1024, 100 * 1024, 1024 * 1024 - 1024)  # the last is just below the limit of a job
BYTES_IN_ALL = 100_000_000


def measure(plan, add):
    for size in SIZES:
        jobs = max(100, min(plan.drain_jobs, BYTES_IN_ALL // size))
        few = min(jobs, plan.enqueue_jobs)
        servers.empty()
        for name, found in (
            ("enqueue, one at a time", figure("growth_enqueue", few, bytes=size)),
            ("enqueue, in bulk", figure("growth_fill", jobs, bytes=size)),
            ("drain", figure("growth_drain", jobs)),
        ):
            add(JOBS, name, size, found["rate"])
            add(BYTES, name, size, found["rate"] * size / 1e6)
