"""Rows of durable jobs: in a queue that nobody serves, and delayed in one that is served."""

import programs
import rows
import servers
from charts import Chart
from programs import figure

WORDS = "beside so many rows in the job table"
RATE = Chart("job_table", "Where the job table has so many other rows", "rows", "jobs/s",
             note="one INSERT each, over 16 connections; enqueue: one client, a transaction with one INSERT each")
RELAY = Chart("relay", "A relay that finds so many rows it does not know", "rows", "rows/s",
              note="delayed jobs, brought to Redis in one sweep")
SWEEP = Chart("sweep", "A sweep that finds nothing, beside so many rows", "rows", "ms", decimals=2)
CHARTS = (RATE, RELAY, SWEEP)


def measure(plan, add):
    for size in plan.few_sizes:
        servers.empty()
        figure("growth_tables")
        rows.waiting(size, "unserved", delayed=False)
        run = figure("growth_insert", plan.insert_jobs, concurrency=16)
        add(RATE, "run, beside a queue nobody serves", size, run["rate"])
        programs.sql("DROP TABLE IF EXISTS bench_effect")
        enqueued = figure("enqueue_tx_1", plan.transactions)
        add(RATE, "enqueue, beside a queue nobody serves", size, enqueued["rate"])

    for size in plan.few_sizes:
        servers.empty()
        figure("growth_tables")
        rows.waiting(size, "default", delayed=True)
        add(RELAY, "brought", size, figure("growth_relay")["rate"])
        add(SWEEP, "p50", size, figure("growth_sweep", 200)["p50_ms"])
        run = figure("growth_insert", plan.insert_jobs, concurrency=16)
        add(RATE, "run, beside delayed jobs", size, run["rate"])
